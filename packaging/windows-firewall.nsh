; Lets colleagues in: without a rule, Windows asks at the first start, and "Cancel" keeps everybody out for good.
; The port is a free one unless the person sets it, so the rules are for the program: TCP for calls that come in,
; UDP for multicast DNS and for media. Public networks stay closed; there Windows asks by itself.

!macro EARSHOT_RULE PROTOCOL
  nsExec::Exec 'netsh advfirewall firewall add rule name="Earshot (${PROTOCOL})" dir=in action=allow enable=yes profile=private,domain protocol=${PROTOCOL} program="$INSTDIR\earshot.exe"'
  Pop $0
!macroend

!macro EARSHOT_NO_RULE PROTOCOL
  nsExec::Exec 'netsh advfirewall firewall delete rule name="Earshot (${PROTOCOL})" program="$INSTDIR\earshot.exe"'
  Pop $0
!macroend

!macro NSIS_HOOK_POSTINSTALL
  ; An update installs over the old version, whose rules would stay beside the new ones.
  !insertmacro EARSHOT_NO_RULE TCP
  !insertmacro EARSHOT_NO_RULE UDP
  !insertmacro EARSHOT_RULE TCP
  !insertmacro EARSHOT_RULE UDP
!macroend

!macro NSIS_HOOK_PREUNINSTALL
  !insertmacro EARSHOT_NO_RULE TCP
  !insertmacro EARSHOT_NO_RULE UDP
!macroend
