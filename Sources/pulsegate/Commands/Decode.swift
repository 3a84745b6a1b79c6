import Bytes
import Linux
import Vitals
import WireFormat

/// `pulsegate decode [--characteristic 2A35] HEX`: what one value of a characteristic says, as one
/// line of JSON. Exits 1 with the reason when it is none.
enum DecodeCommand {
    /// The longest attribute value of the Attribute Protocol (Bluetooth Core 5.4, Vol 3 Part F,
    /// 3.2.9).
    private static let notificationBytesMax = 512
    /// The longest line: 512 bytes of text, each as \u00XX, and the names around them.
    private static let lineBytesMax = 4_096

    /// What can be decoded.
    static let characteristics: [Characteristic] = [
        .heartRateMeasurement, .bloodPressureMeasurement, .temperatureMeasurement,
        .pulseOximeterContinuous, .pulseOximeterSpotCheck, .glucoseMeasurement, .batteryLevel,
        .bodySensorLocation, .modelNumber, .serialNumber, .firmwareRevision, .manufacturerName,
    ]

    static func run(_ arguments: [String]) -> Int32 {
        let line: Options
        do throws(OptionsError) {
            line = try Options(
                arguments, known: [CommandOption("characteristic", takesValue: true)])
        } catch {
            Console.error("decode: \(error); \(Usage.hint("decode"))")
            return ExitStatus.usage
        }
        let name = line.values["characteristic"] ?? "2A37"
        guard let characteristic = characteristic(name) else {
            let known = characteristics.map { hexName($0) }.joined(separator: " ")
            Console.error("decode: --characteristic \(name): none of \(known)")
            return ExitStatus.usage
        }
        guard !line.operands.isEmpty else {
            Console.error("decode: no bytes; say `pulsegate decode 16 48 0A 02`")
            return ExitStatus.usage
        }
        let text = line.operands.joined(separator: " ")
        var value = FixedBuffer(capacity: notificationBytesMax)
        do throws(HexError) {
            try value.append(decodingHex: Array(text.utf8).span)
        } catch {
            Console.error("decode: \(Messages.text(error, in: text))")
            return ExitStatus.failure
        }
        return decode(value.bytes, characteristic)
    }

    private static func decode(
        _ value: Span<UInt8>, _ characteristic: Characteristic
    ) -> Int32 {
        var line = FixedBuffer(capacity: lineBytesMax)
        let complaint =
            characteristic == .heartRateMeasurement
            ? appendHeartRate(value, to: &line) : append(value, characteristic, to: &line)
        if let complaint {
            Console.error("decode: \(complaint)")
            return ExitStatus.failure
        }
        Console.write(line.bytes)
        return ExitStatus.success
    }

    /// `2A35`, `0x2a35` or the whole UUID.
    private static func characteristic(_ name: String) -> Characteristic? {
        let bytes = Array(name.utf8)
        let digits = name.hasPrefix("0x") || name.hasPrefix("0X") ? name.dropFirst(2) : name[...]
        let known =
            bytes.count == 36
            ? Characteristic(uuid: bytes.span)
            : digits.utf8.count == 4
                ? UInt16(digits, radix: 16).flatMap { Characteristic(rawValue: $0) } : nil
        guard let known, characteristics.contains(known) else { return nil }
        return known
    }

    private static func hexName(_ characteristic: Characteristic) -> String {
        String(characteristic.rawValue, radix: 16, uppercase: true)
    }

    /// The value as the packet has it, and what the gateway would make of it. Answers why it is
    /// no measurement.
    private static func appendHeartRate(
        _ notification: Span<UInt8>, to line: inout FixedBuffer
    ) -> String? {
        do throws(HeartRateError) {
            let measurement = try HeartRateMeasurement(decoding: notification)
            line.append("{\"heart_rate\":")
            line.append(decimal: UInt64(measurement.beatsPerMinute))
            line.append(details: measurement)
            switch HeartRateState(measurement) {
            case .heartRate: line.append(",\"state\":\"heart_rate\"}\n")
            case .offSkin: line.append(",\"state\":\"off_skin\"}\n")
            case .implausible: line.append(",\"state\":\"implausible\"}\n")
            }
            return nil
        } catch {
            return Messages.text(error)
        }
    }

    private static func append(
        _ value: Span<UInt8>, _ characteristic: Characteristic, to line: inout FixedBuffer
    ) -> String? {
        do throws(MeasurementError) {
            if let kind = VitalKind(characteristic) {
                append(try VitalMeasurement(decoding: value, as: kind), to: &line)
            } else if characteristic == .batteryLevel {
                let percent = try BatteryLevel(decoding: value).percent
                line.append("{\"battery_percent\":")
                if let percent {
                    line.append(decimal: UInt64(percent))
                } else {
                    line.append("null")
                }
            } else if characteristic == .bodySensorLocation {
                let location = try BodySensorLocation(decoding: value)
                line.append("{\"body_sensor_location\":\"")
                line.append(location.name ?? "reserved")
                line.append("\"")
            } else {
                let text = try DeviceInformation(decoding: value)
                line.append("{\"")
                line.append(fieldName(characteristic))
                line.append("\":")
                line.append(jsonString: text.bytes)
            }
            line.append("}\n")
            return nil
        } catch {
            return Messages.text(error)
        }
    }

    private static func fieldName(_ characteristic: Characteristic) -> StaticString {
        switch characteristic {
        case .modelNumber: "model_number"
        case .serialNumber: "serial_number"
        case .firmwareRevision: "firmware_revision"
        default: "manufacturer_name"
        }
    }

    /// The values as they would be sent, and what the gateway would make of them.
    private static func append(_ measurement: VitalMeasurement, to line: inout FixedBuffer) {
        line.append("{\"measurement\":\"")
        line.append(measurement.kind.name)
        line.append("\"")
        line.append(values: measurement)
        line.append(details: measurement)
        switch VitalState(measurement) {
        case .plausible: line.append(",\"state\":\"plausible\"")
        case .implausible(let quantity):
            line.append(",\"state\":\"implausible\",\"because\":\"")
            line.append(text: Messages.text(quantity))
            line.append("\"")
        case .notAValue(let missing):
            line.append(",\"state\":\"not_a_value\",\"because\":\"")
            line.append(text: Messages.text(missing))
            line.append("\"")
        }
    }
}
