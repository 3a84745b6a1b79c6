internal import Settings

extension ConfigurationBuilder {
    mutating func buildManners() -> AlarmManners {
        read(.alarm) { section in
            AlarmManners(
                pauseNanoseconds: section.number("pause"),
                sensorLostNanoseconds: section.number("sensor_lost"),
                testsAtStart: section.flag("self_test"))
        }
    }

    mutating func buildOutputs(data: String) -> [OutputSettings] {
        var outputs: [OutputSettings] = []
        var owners: [String: String] = [:]
        for name in names(.output) {
            let output = read(.output, name) { section in
                Self.buildOutput(&section, data: data)
            }
            if case .gpio(let chip, let line, _, _) = output.target {
                own("\(chip) \(line)", by: name, .output, key: "line", &owners)
            }
            outputs.append(output)
        }
        return outputs
    }

    private static func buildOutput(
        _ section: inout SectionReader, data: String
    ) -> OutputSettings {
        let type = section.requiredText("type")
        if !type.isEmpty { section.refuseForeignKeys(type: type) }
        let shows = OutputSettings.Shows(rawValue: section.requiredText("shows")) ?? .alarm
        let file = "\(data.hasSuffix("/") ? data : data + "/")\(section.id.name).log"
        let target: OutputSettings.Target =
            switch OutputSettings.Kind(rawValue: type) {
            case .gpio:
                .gpio(
                    chip: section.requiredText("chip"), line: section.requiredText("line"),
                    isActiveLow: section.flag("active_low"),
                    drive: section.text("drive") ?? "push_pull")
            case .led: .led(name: section.requiredText("led"))
            case .pwm: .pwm(place: section.requiredText("pwm"))
            case .bell: .bell(path: section.text("path") ?? "/dev/tty")
            case .file, nil: .file(path: section.text("path") ?? file)
            }
        if case .led(let name) = target, name.contains("/") {
            section.refuse("led", "is no name", remedy: "write a name as `ls /sys/class/leds` does")
        }
        if case .pwm(let place) = target, !isChannel(place), !place.isEmpty {
            section.refuse(
                "pwm", "is no channel", remedy: "write the chip and the channel, as in `pwmchip0/0`"
            )
        }
        return OutputSettings(name: section.id.name, shows: shows, target: target)
    }

    private static func isChannel(_ place: String) -> Bool {
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0].hasPrefix("pwmchip")
            && UInt8(parts[0].dropFirst(7)) != nil && UInt8(parts[1]) != nil
    }

    mutating func buildButton() -> ButtonSettings? {
        read(.button) { section in
            let (chip, line) = (section.text("chip"), section.text("line"))
            if chip == nil && line == nil { return nil }
            if chip == nil {
                section.reportMissing(
                    "chip", "is missing", remedy: "add `chip = LABEL` to [button]")
            }
            if line == nil {
                section.reportMissing(
                    "line", "is missing", remedy: "add `line = LINE` to [button]")
            }
            return ButtonSettings(
                chip: chip ?? "", line: line ?? "", isActiveLow: section.flag("active_low"),
                bias: section.text("bias") ?? "pull_up",
                debounceNanoseconds: section.number("debounce"))
        }
    }

    /// `low` and `low_clear` of a section, which may have those of `[alarm]` behind it.
    static func lowLimits(
        _ section: inout SectionReader, of limits: inout AlarmSettings
    ) {
        if case .number(let low) = section.written("low") {
            limits.lowBeatsPerMinute = UInt16(clamping: low)
            limits.lowClearBeatsPerMinute = UInt16(clamping: low + 5)
        }
        let high = Int64(limits.highBeatsPerMinute)
        // A faulty `high` has been reported and is 0.
        if let low = limits.lowBeatsPerMinute, low >= high, high > 0 {
            section.refuse(
                section.isPlaced("low") ? "low" : "high",
                "leaves no heart rate that is well: `low` is \(low) and `high` \(high)",
                remedy: "write a `low` that is below `high`")
        }
        guard case .number(let clear) = section.written("low_clear") else { return }
        guard let low = limits.lowBeatsPerMinute else {
            section.refuse(
                "low_clear", "has no `low` that it could clear", remedy: "add `low`, or remove it")
            return
        }
        if clear < Int64(low) {
            section.refuse(
                "low_clear", "is below `low`, which is \(low)",
                remedy: "write a number from \(low) to 310")
        }
        limits.lowClearBeatsPerMinute = UInt16(clamping: clear)
    }
}
