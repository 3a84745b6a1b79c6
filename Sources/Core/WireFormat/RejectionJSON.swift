import Bytes
import RecordRing
import Vitals

// What was refused for good, as one line of JSON:
//
// {"timestamp":"2025-07-15T17:10:33.123456Z","status_code":422,"payload":"06",
//  "error_message":"malformed notification: it ends within a field","device_id":"gym-7",
//  "sensor":"D4:4A:C4:B0:24:03","seq":19,"session_id":"b1946ac9","characteristic":"2a37",
//  "clock":"synced","schema":1}
// {…"status_code":400,"payload":"{\"timestamp\":…,\"heart_rate\":89,…\"schema\":1}",
//  "error_message":"refused by the sink",…"seq":20,…"sink":"search",…}
//
// `payload` is the notification in hexadecimal, or the record as it was sent. `timestamp` and
// `sensor` are those of the data, `seq` is the error record's own: `device_id`, `session_id` and
// `seq` name it for ever, as they do every record. `payload_cut` says that the payload is not
// whole.

extension Rejection {
    /// Why it was refused, in words.
    var message: StaticString {
        switch (reason, origin) {
        case (.refused, _): "refused by the sink"
        case (.implausible, _): "implausible value"
        case (.malformed, .notification(.heartRateMeasurement)): malformedHeartRate
        case (.malformed, .notification(let characteristic)):
            VitalKind(characteristic).map { malformed($0) } ?? "malformed notification"
        case (.malformed, .record): "malformed"
        }
    }

    /// What is wrong with a notification is found by decoding it once more.
    private var malformedHeartRate: StaticString {
        if isCut { return Self.tooLong }
        do throws(HeartRateError) {
            _ = try HeartRateMeasurement(decoding: bytes)
            return "malformed notification"
        } catch {
            switch error {
            case .empty: return Self.empty
            case .truncated: return Self.truncated
            case .trailingBytes: return Self.trailing
            case .tooManyIntervals: return "malformed notification: more than 9 RR intervals"
            }
        }
    }

    private func malformed(_ kind: VitalKind) -> StaticString {
        if isCut { return Self.tooLong }
        do throws(MeasurementError) {
            _ = try VitalMeasurement(decoding: bytes, as: kind)
            return "malformed notification"
        } catch {
            switch error {
            case .empty: return Self.empty
            case .truncated: return Self.truncated
            case .trailingBytes: return Self.trailing
            case .notUTF8: return "malformed notification: its text is no UTF-8"
            }
        }
    }

    private static var tooLong: StaticString { "malformed notification: longer than any" }
    private static var empty: StaticString { "malformed notification: no bytes" }
    private static var truncated: StaticString {
        "malformed notification: it ends within a field"
    }
    private static var trailing: StaticString {
        "malformed notification: bytes behind the last field"
    }
}

extension FixedBuffer {
    /// Appends status, payload and message behind the time of the error record `record`.
    mutating func append(
        rejected rejection: Rejection, in record: Record, device: Span<UInt8>
    ) {
        append("\",\"status_code\":")
        append(decimal: UInt64(rejection.status))
        append(",\"payload\":\"")
        if let original = rejection.original(in: record) {
            let start = count
            append(json: original, device: device)
            // Without its line feed, and not at all if it did not fit.
            if !overflowed { truncate(to: max(start, count - 1)) }
            escapeJSON(from: start)
        } else {
            append(hex: rejection.bytes)
        }
        append("\",\"error_message\":\"")
        append(rejection.message)
        append(UInt8(ascii: "\""))
    }

    /// Appends what else is known of it, each with a comma in front.
    mutating func append(details rejection: Rejection) {
        if case .notification(let characteristic) = rejection.origin {
            append(",\"characteristic\":\"")
            append(hex: UInt64(characteristic.rawValue), digits: 4)
            append(UInt8(ascii: "\""))
        }
        if rejection.sink.count > 0 {
            append(",\"sink\":")
            append(jsonString: rejection.sink.bytes)
        }
        if rejection.isCut { append(",\"payload_cut\":true") }
    }
}

extension Record {
    var alarmNote: AlarmNote? { if case .alarm(let note) = payload { note } else { nil } }
    var isRejection: Bool { if case .rejection = payload { true } else { false } }

    /// The name in it is a sink's: a gap record, an alarm of a sink, or an error record about one.
    var isAboutSink: Bool {
        switch payload {
        case .gap: true
        case .rejection(let rejection):
            if case .record(let kind, _, _) = rejection.origin {
                Gap.isKind(kind)
                    || AlarmNote.isAboutSink(
                        kind: kind, first: rejection.bytes.count > 0 ? rejection.bytes[0] : 0)
            } else {
                false
            }
        case .alarm(let note): note.isAboutSink
        case .heartRate, .vital, .patientStats, .refusedPost, .postedError: false
        }
    }
}
