#!/usr/bin/env bash
# Draws every icon of the program anew from the SVGs in src-tauri/icons. Run it after a change of these.
set -euo pipefail
cd "$(dirname "$0")/../src-tauri/icons"

draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
icon() { npx --yes @tauri-apps/cli@2.12.5 icon "$@"; }

icon icon.svg --output "$draft/app"
for name in 32x32.png 128x128.png 128x128@2x.png icon.png icon.icns icon.ico; do
  cp "$draft/app/$name" .
done
# Black on nothing: macOS paints it in the colour of its menu bar.
icon tray-template.svg --output "$draft/tray" --png 32
cp "$draft/tray/32x32.png" tray-template.png
