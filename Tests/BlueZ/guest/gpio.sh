#!/bin/bash
# Makes a GPIO chip that looks like the Raspberry Pi's: label pinctrl-bcm2835, 54 lines, GPIO2 to
# GPIO27 by name as Raspberry Pi OS names them, and GPIO4 held by "another driver". Prints the
# folder whose sim_gpioN/value shows a line and whose sim_gpioN/pull sets an input.
set -e
chip=/sys/kernel/config/gpio-sim/pi
mkdir -p $chip/bank0
echo 54 > $chip/bank0/num_lines
echo pinctrl-bcm2835 > $chip/bank0/label
for line in $(seq 2 27); do
    mkdir $chip/bank0/line"$line"
    echo GPIO"$line" > $chip/bank0/line"$line"/name
done
mkdir $chip/bank0/line4/hog
echo another-driver > $chip/bank0/line4/hog/name
echo output-low > $chip/bank0/line4/hog/direction
echo 1 > $chip/live
echo "/sys/devices/platform/$(cat $chip/dev_name)/$(cat $chip/bank0/chip_name)"
