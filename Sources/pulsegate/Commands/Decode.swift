import Bytes
import Linux
import Vitals
import WireFormat

/// `pulsegate decode HEX`: what one notification of 0x2A37 says, as one line of JSON. Exits 1
/// with the reason when it is no measurement.
enum DecodeCommand {
    /// The longest attribute value of the Attribute Protocol (Bluetooth Core 5.4, Vol 3 Part F,
    /// 3.2.9).
    private static let notificationBytesMax = 512

    static func run(_ arguments: [String]) -> Int32 {
        guard !arguments.isEmpty else {
            Console.error("decode: no bytes; say `pulsegate decode 16 48 0A 02`")
            return ExitStatus.usage
        }
        let text = arguments.joined(separator: " ")
        var notification = FixedBuffer(capacity: notificationBytesMax)
        do throws(HexError) {
            try notification.append(decodingHex: Array(text.utf8).span)
        } catch {
            Console.error("decode: \(Messages.text(error, in: text))")
            return ExitStatus.failure
        }
        do throws(HeartRateError) {
            let measurement = try HeartRateMeasurement(decoding: notification.bytes)
            var line = FixedBuffer(capacity: 1_024)
            append(measurement, to: &line)
            Console.write(line.bytes)
            return ExitStatus.success
        } catch {
            Console.error("decode: \(Messages.text(error))")
            return ExitStatus.failure
        }
    }

    /// The value as the packet has it, and what the gateway would make of it.
    private static func append(_ measurement: HeartRateMeasurement, to line: inout FixedBuffer) {
        line.append("{\"heart_rate\":")
        line.append(decimal: UInt64(measurement.beatsPerMinute))
        line.append(details: measurement)
        switch HeartRateState(measurement) {
        case .heartRate: line.append(",\"state\":\"heart_rate\"}\n")
        case .offSkin: line.append(",\"state\":\"off_skin\"}\n")
        case .implausible: line.append(",\"state\":\"implausible\"}\n")
        }
    }
}
