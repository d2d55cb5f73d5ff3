#!/usr/bin/env bash
# Pictures of meetings of 1 to 16 people for ../docs/meetings, from the gallery: in a call the stage is dark in both
# themes, so that only what differs is there twice.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=../docs/meetings
rm -rf "$folder"
shots() { node scripts/gallery-screenshots.mjs "$folder" "$1" 960x600 en "$2" >/dev/null; }
shots host-alone,meet-2,meet-4,meet-9,meet-16,meet-share,meet-speaker-16,chat-some,host-panel dark
shots host-start,host-enter light,dark
for picture in "$folder"/*.png; do
  mv "$picture" "${picture/-960x600-en/}"
done
ls "$folder"
