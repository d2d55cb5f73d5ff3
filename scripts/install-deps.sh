#!/usr/bin/env bash
# Installs what the system lacks, on Debian and Ubuntu; elsewhere says what is needed.
#   install-deps.sh build|run|test
# build: what the UI and the server need; run: the window too; test: what the tests need too.
# Touches neither network nor packages when nothing lacks.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

goal=${1:-}
case "$goal" in build | run | test) ;; *) fail "usage: $0 build|run|test" ;; esac

at_least() { # have want
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

rust=$(rustc --version 2>/dev/null | cut -d ' ' -f 2 || true)
at_least "${rust:-0}" 1.95 || fail "Rust 1.95 or newer is needed${rust:+, here is $rust}: https://rustup.rs"
node=$(node --version 2>/dev/null | tr -d v || true)
at_least "${node:-0}" 20.19 || fail "Node 20.19 or newer is needed${node:+, here is $node}: https://nodejs.org"
command -v npm >/dev/null || fail "npm, which comes with Node, is needed: https://nodejs.org"

[ "$(uname -s)" = Linux ] || exit 0

packages=(build-essential pkg-config)
if [ "$goal" != build ]; then
  # To build the window, and what WebKit needs for its calls: cameras and VP8 (good), H.264 (bad, libav), sound.
  packages+=(
    libwebkit2gtk-4.1-dev libayatana-appindicator3-1
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav
    gstreamer1.0-pulseaudio
  )
fi
if [ "$goal" = test ]; then
  # A display without a screen, networks, the window's driver, sound without a card, letters in two scripts and pictures.
  packages+=(
    xvfb xdotool x11-utils dbus-daemon webkit2gtk-driver nftables iproute2 procps util-linux
    pulseaudio pulseaudio-utils espeak-ng
    fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji
  )
  # Another Chromium will do, where the variables name it; Ubuntu's own is a snap, which tests cannot use.
  if [ -z "${EARSHOT_CHROMIUM:-}" ] || [ -z "${EARSHOT_CHROMEDRIVER:-}" ]; then
    packages+=(chromium chromium-driver)
  fi
  # On Ubuntu it is a snap, too.
  [ -n "${EARSHOT_FIREFOX:-}" ] || packages+=(firefox-esr)
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  if [ "$goal" != run ] || ! pkg-config --exists webkit2gtk-4.1 2>/dev/null; then
    say "This system has no apt-get. Under Debian's names, Earshot needs here:" "${packages[@]}"
  fi
  exit 0
fi

lacking=()
for package in "${packages[@]}"; do
  # One line for each architecture that has it.
  dpkg-query --show --showformat '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
    lacking+=("$package")
done
[ ${#lacking[@]} -gt 0 ] || exit 0

say "Installing what Earshot needs: ${lacking[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "Neither root nor sudo. Install these and try again: ${lacking[*]}"
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null; }
# Old lists may still do.
apt update || say "The package lists could not be brought up to date."
apt install -y --no-install-recommends "${lacking[@]}" >&2 ||
  fail "Not everything could be installed. Install these and try again: ${lacking[*]}"
