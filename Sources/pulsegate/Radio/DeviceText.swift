import Bytes
import SensorLink
import Vitals

/// A device in words: a line of a table, an object of JSON, a section to paste.
extension BusDesk.Device {
    /// The services in short, as the configuration calls them.
    var serviceWords: [String] {
        Service.allCases.filter { services.contains($0) }.map {
            switch $0 {
            case .heartRate: "heart_rate"
            case .bloodPressure: "blood_pressure"
            case .healthThermometer: "thermometer"
            case .pulseOximeter: "pulse_oximeter"
            case .glucose: "glucose"
            case .battery: "battery"
            case .deviceInformation: "device_information"
            }
        }
    }

    /// What it measures, in the configuration's words; nil when it is no sensor.
    var measures: String? {
        serviceWords.first { $0 != "battery" && $0 != "device_information" }
    }

    static let tableHead =
        "\(padded("ADDRESS", 17))  \(padded("dBm", 4))  \(padded("BATTERY", 7))  "
        + "\(padded("STATE", 9))  \(padded("NAME", 24))  SERVICES"

    var tableLine: String {
        let strength = rssi.map { "\($0)" } ?? "-"
        let battery = batteryPercent.map { "\($0) %" } ?? "-"
        let state = isConnected ? "connected" : facts.isPaired == true ? "paired" : "-"
        let services = serviceWords.isEmpty ? "-" : serviceWords.joined(separator: " ")
        return "\(RadioText.text(address))  \(padded(strength, 4))  \(padded(battery, 7))  "
            + "\(padded(state, 9))  \(padded(name.isEmpty ? "-" : name, 24))  \(services)"
    }

    /// One JSON object in a line.
    var json: String {
        var line = FixedBuffer(capacity: 2_048)
        line.append(text: "{\"address\":\"\(RadioText.text(address))\",\"name\":")
        line.append(jsonString: Array(name.utf8).span)
        line.append(text: ",\"rssi\":\(rssi.map { "\($0)" } ?? "null")")
        line.append(text: ",\"battery\":\(batteryPercent.map { "\($0)" } ?? "null")")
        line.append(text: ",\"connected\":\(isConnected),\"paired\":\(facts.isPaired ?? false)")
        line.append(text: ",\"address_changes\":\(isResolvable),\"services\":[")
        line.append(text: serviceWords.map { "\"\($0)\"" }.joined(separator: ","))
        line.append(text: "]}")
        return String(decoding: line.bytes)
    }

    /// The section that would make it a sensor of the gateway; nil when it measures nothing.
    var snippet: String? {
        guard let measures else { return nil }
        var lines = ["[sensor \(sectionName)]"]
        if isResolvable {
            lines.append("# its address changes every few minutes, so it is known by its name")
            lines.append("name = \(name.isEmpty ? "*" : name)")
        } else {
            lines.append("address = \(RadioText.text(address))")
        }
        if measures != "heart_rate" { lines.append("service = \(measures)") }
        return lines.joined(separator: "\n")
    }

    /// Its name as far as a heading takes it, else the end of its address.
    private var sectionName: String {
        let fit = name.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: byte
            default: UInt8(ascii: "-")
            }
        }
        let short = String(decoding: fit.prefix(23), as: UTF8.self)
        if short.contains(where: { $0 != "-" }) { return short }
        let digits = RadioText.text(address).filter { $0 != ":" }
        return "sensor-" + digits.suffix(6)
    }
}

/// `text` with blanks behind it, `width` characters at least.
private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
