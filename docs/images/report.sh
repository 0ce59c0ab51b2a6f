#!/bin/sh
# The picture of a report that README.md and the documentation show: report.sh REPORT. Needs Chromium, and Python with
# Pillow (matplotlib brings it). Page and picture are as wide as a text column, 256 colours keep the file small.
set -eu
report=$(realpath "$1")
picture=$(dirname "$(realpath "$0")")/report.png
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "report.sh: no chromium in PATH; install it, with apt for example" >&2
    exit 2
}
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,900 \
    --screenshot="$picture" "file://$report" 2>/dev/null
python3 - "$picture" <<'PYTHON'
import sys
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB")
picture.quantize(256).save(sys.argv[1], optimize=True)
PYTHON
ls -l "$picture"
