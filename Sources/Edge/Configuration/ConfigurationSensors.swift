internal import Settings

extension ConfigurationBuilder {
    /// Sensors that are taken when no section names one: a room.
    private static let anyLimitAlone = 8

    mutating func buildBluetooth() -> BluetoothSettings {
        let isAlone = names(.sensor).isEmpty
        return read(.bluetooth) { section in
            var any = isAlone ? Self.anyLimitAlone : 0
            if case .number(let written) = section.written("any") { any = Int(written) }
            return BluetoothSettings(
                adapter: Self.adapter(&section), anyLimit: any,
                rssiLimit: Self.rssiLimit(section),
                silenceNanoseconds: section.number("silence"),
                frozenNanoseconds: section.number("frozen"),
                switchesOn: section.flag("power_on"),
                restartsDaemon: section.flag("restart_bluetoothd"),
                resetsRadio: section.flag("reset_radio"))
        }
    }

    mutating func buildSensors(
        _ bluetooth: BluetoothSettings, _ alarm: AlarmSettings
    ) -> [SensorSettings] {
        var sensors: [SensorSettings] = []
        var owners: [UInt64: String] = [:]
        for name in names(.sensor) {
            let sensor = read(.sensor, name) { section in
                Self.buildSensor(&section, bluetooth, alarm)
            }
            if let address = sensor.address {
                own(address, by: name, .sensor, key: "address", &owners)
            }
            sensors.append(sensor)
        }
        return sensors
    }

    /// A gateway that may take no sensor at all would wait for ever.
    mutating func checkThereAreSensors(
        _ bluetooth: BluetoothSettings, _ sensors: [SensorSettings]
    ) {
        let count = sensors.count + bluetooth.anyLimit
        guard count == 0 || count > Configuration.sensorLimit else { return }
        read(.bluetooth) { section in
            if count == 0 {
                section.refuse(
                    "any", "leaves no sensor at all",
                    remedy: "write a number from 1 to \(Configuration.sensorLimit), "
                        + "or add a [sensor NAME]")
            } else {
                section.refuse(
                    "any", "makes \(count) sensors with those that have sections",
                    remedy: "keep at most \(Configuration.sensorLimit)")
            }
        }
    }

    private static func buildSensor(
        _ section: inout SectionReader, _ bluetooth: BluetoothSettings, _ alarm: AlarmSettings
    ) -> SensorSettings {
        var limits = alarm
        if case .number(let high) = section.written("high") {
            limits.highBeatsPerMinute = UInt16(clamping: high)
            limits.clearBeatsPerMinute = UInt16(clamping: high - 5)
        }
        limits.clearBeatsPerMinute = clearLimit(
            &section, high: Int64(limits.highBeatsPerMinute),
            otherwise: Int64(limits.clearBeatsPerMinute))
        lowLimits(&section, of: &limits)
        if case .number(let delay) = section.written("onset_delay") {
            limits.onsetDelayNanoseconds = delay
        }
        return SensorSettings(
            name: section.id.name, address: address(&section), pattern: section.text("name"),
            service: section.text("service").flatMap { .init(rawValue: $0) } ?? .heartRate,
            rssiLimit: rssiLimit(section) ?? bluetooth.rssiLimit, alarm: limits)
    }

    private static func rssiLimit(_ section: SectionReader) -> Int16? {
        guard case .number(let limit) = section.written("rssi") else { return nil }
        return Int16(clamping: limit)
    }

    private static func adapter(_ section: inout SectionReader) -> UInt8? {
        guard let name = section.text("adapter") else { return nil }
        if name.hasPrefix("hci"), let number = UInt8(name.dropFirst(3)) { return number }
        section.refuse(
            "adapter", "is not an adapter", remedy: "write `hci0`, or as `pulsegate ble info` says")
        return nil
    }

    private static func address(_ section: inout SectionReader) -> UInt64? {
        guard let text = section.text("address") else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bits: UInt64 = 0
        for part in parts where part.utf8.count == 2 {
            if let byte = UInt8(part, radix: 16) { bits = bits << 8 | UInt64(byte) }
        }
        let isWhole =
            parts.count == 6 && parts.allSatisfy { $0.count == 2 && UInt8($0, radix: 16) != nil }
        if isWhole { return bits }
        section.refuse(
            "address", "is not a Bluetooth address",
            remedy: "write six two-digit hexadecimal numbers, as in `C0:00:00:00:00:01`")
        return nil
    }
}
