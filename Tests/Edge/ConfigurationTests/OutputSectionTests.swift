import Testing

@testable import Configuration

/// `[output NAME]`, `[button]` and what `[alarm]` says of all alarms.
struct OutputSectionTests: SectionReading {
    @Test func everyKindOfOutputIsRead() throws {
        let configuration = try read(
            """
            [output lamp]
            type = gpio
            shows = alarm
            chip = pinctrl-bcm2835
            line = GPIO17
            active_low = yes
            drive = open_drain
            [output board]
            type = led
            shows = status
            led = ACT
            [output note]
            type = pwm
            shows = sound
            pwm = pwmchip0/1
            [output desk]
            type = bell
            shows = sound
            [output trace]
            type = file
            shows = both
            """)
        #expect(
            configuration.outputs == [
                OutputSettings(
                    name: "lamp", shows: .alarm,
                    target: .gpio(
                        chip: "pinctrl-bcm2835", line: "GPIO17", isActiveLow: true,
                        drive: "open_drain")),
                OutputSettings(name: "board", shows: .status, target: .led(name: "ACT")),
                OutputSettings(name: "note", shows: .sound, target: .pwm(place: "pwmchip0/1")),
                OutputSettings(name: "desk", shows: .sound, target: .bell(path: "/dev/tty")),
                OutputSettings(name: "trace", shows: .both, target: .file(path: "/d/trace.log")),
            ])
        #expect(configuration.button == nil)
    }

    @Test func buttonAndMannersHaveDefaults() throws {
        let configuration = try read("[button]\nchip = c\nline = 23\n[alarm]\npause = 1min\n")
        #expect(
            configuration.button
                == ButtonSettings(
                    chip: "c", line: "23", isActiveLow: true, bias: "pull_up",
                    debounceNanoseconds: 20_000_000))
        var manners = AlarmManners()
        manners.pauseNanoseconds = 60_000_000_000
        #expect(configuration.manners == manners)
    }

    @Test func lowLimitIsAskedFor() throws {
        let none = try read("[alarm]\nhigh = 150\n")
        #expect(none.alarm.lowBeatsPerMinute == nil)
        let low = try read("[alarm]\nlow = 45\n[sensor a]\nlow = 50\n[sensor b]\nlow_clear = 60\n")
        #expect(low.alarm.lowBeatsPerMinute == 45 && low.alarm.lowClearBeatsPerMinute == 50)
        #expect(low.sensors.map(\.alarm.lowBeatsPerMinute) == [50, 45])
        #expect(low.sensors.map(\.alarm.lowClearBeatsPerMinute) == [55, 60])
    }

    @Test(arguments: [
        (
            "[output a]\ntype = gpio\nshows = alarm\nline = 17\n",
            "p.conf:6: [output a] chip: is missing; add `chip = LABEL` to [output a]"
        ),
        (
            "[output a]\ntype = led\nshows = alarm\nled = x\nline = 17\n",
            "p.conf:10: [output a] line = 17: belongs to `type = gpio`; [output a] is of type "
                + "led; remove the line or change the type"
        ),
        (
            "[output a]\ntype = pwm\nshows = sound\npwm = pwm0\n",
            "p.conf:9: [output a] pwm = pwm0: is no channel; write the chip and the channel, as "
                + "in `pwmchip0/0`"
        ),
        (
            "[output a]\ntype = led\nshows = alarm\nled = ../x\n",
            "p.conf:9: [output a] led = ../x: is no name; write a name as `ls /sys/class/leds` "
                + "does"
        ),
        (
            "[output a]\ntype = gpio\nshows = alarm\nchip = c\nline = 1\n"
                + "[output b]\ntype = gpio\nshows = sound\nchip = c\nline = 1\n",
            "p.conf:15: [output b] line = 1: is that of [output a] too; give each output its own"
        ),
        (
            "[button]\nchip = c\n",
            "p.conf:6: [button] line: is missing; add `line = LINE` to [button]"
        ),
        (
            "[alarm]\nlow = 150\n",
            "p.conf:7: [alarm] low = 150: leaves no heart rate that is well: `low` is 150 and "
                + "`high` 150; write a `low` that is below `high`"
        ),
        (
            "[alarm]\nlow_clear = 50\n",
            "p.conf:7: [alarm] low_clear = 50: has no `low` that it could clear; add `low`, or "
                + "remove it"
        ),
        (
            "[alarm]\nlow = 50\nlow_clear = 49\n",
            "p.conf:8: [alarm] low_clear = 49: is below `low`, which is 50; write a number from "
                + "50 to 310"
        ),
    ])
    func everyRefusalNamesKeyValueAndRemedy(_ text: String, _ words: String) {
        #expect(refusal(text) == words)
    }
}
