import Alarm
import Bytes
import Gateway
import RecordRing
import Uplink
import Vitals

/// What people read: each event and error of Core in one line, with what to do about it.
enum Messages {
    static func text(_ error: HexError, in text: String) -> String {
        switch error {
        case .oddDigitCount(let count):
            "\(count) hexadecimal digits: a byte has two, so one is missing"
        case .notADigit(let value, let offset):
            "\(character(value)) at offset \(offset) is no hexadecimal digit (0-9, a-f); "
                + "bytes may be separated by blanks, colons or hyphens"
        case .tooLong(let limit):
            "more than \(limit) bytes, which no notification has"
        }
    }

    static func text(_ error: HeartRateError) -> String {
        switch error {
        case .empty:
            "no bytes: a heart rate measurement has at least flags and a value"
        case .truncated(let field, let length):
            "the flags promise \(name(field)), and the packet ends after \(length) "
                + (length == 1 ? "byte" : "bytes")
        case .trailingBytes(let count):
            "\(count) \(count == 1 ? "byte follows" : "bytes follow") the last field that the "
                + "flags name: flags or length are wrong, so no value is taken"
        case .tooManyIntervals(let count):
            "\(count) RR intervals: a measurement holds 9 at most"
        }
    }

    private static func name(_ field: HeartRateError.Field) -> String {
        switch field {
        case .heartRate: "a heart rate value"
        case .energyExpended: "energy expended (2 bytes)"
        case .rrInterval: "RR intervals (2 bytes each)"
        }
    }

    private static func character(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte)
            ? "'\(String(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }

    /// The line of a report and how grave it is.
    static func line(_ report: Report, sensors: [String], sinks: [String]) -> (LogLevel, String) {
        switch report {
        case .ringFailed, .ringStalled, .ringCut, .ringRecovered:
            preconditionFailure("what the card does is said with its file and error")
        case .notificationMalformed(let sensor, let error):
            (.warning, "sensor \(sensors[sensor]): malformed notification: \(text(error))")
        case .valueImplausible(let sensor, let value):
            (.warning, "sensor \(sensors[sensor]): \(value) bpm is no heart rate; not recorded")
        case .measurementMalformed, .measurementImplausible, .measurementWithoutValue,
            .sensorHasValue:
            vitalLine(report, sensors: sensors)
        case .sensorOffSkin(let sensor):
            (
                .notice,
                "sensor \(sensors[sensor]): off skin; wet the electrodes or tighten the strap"
            )
        case .sensorOnSkin(let sensor):
            (.notice, "sensor \(sensors[sensor]): on skin again")
        case .recordsRefused(let sink, let count, let total):
            (
                .notice,
                "sink \(sinks[sink]): \(count) of \(RingText.count(UInt64(total), "record")) "
                    + "refused; sent again"
            )
        case .recordsRejected, .errorRejected, .requestSplit:
            rejectionLine(report, sinks: sinks)
        case .requestRefused(let sink, let status, let refusal, let wait):
            (
                .warning,
                "sink \(sinks[sink]): refused with status \(status): \(text(refusal)); "
                    + "records stay in the ring, next try in \(seconds(wait))"
            )
        case .answerNotUnderstood(let sink, let error, let wait):
            (
                .warning,
                "sink \(sinks[sink]): answer not understood (\(text(error))); records stay in "
                    + "the ring, next try in \(seconds(wait))"
            )
        case .sinkUnreachable(let sink, let wait):
            (
                .warning,
                "sink \(sinks[sink]): not reached; records stay in the ring, next try in "
                    + seconds(wait)
            )
        case .sinkRecovered(let sink):
            (.notice, "sink \(sinks[sink]): works again")
        case .recordsLost(let sink, let count, let reason):
            (
                .error,
                "sink \(sinks[sink]): \(RingText.count(count, "record")) lost: \(text(reason))"
            )
        case .ringFull:
            (
                .error,
                "ring: full of records that sinks still want; new ones are refused "
                    + "([ring] when_full = refuse)"
            )
        case .ringHasRoom(let count):
            (
                .notice,
                "ring: takes records again; \(count) \(count == 1 ? "was" : "were") refused"
            )
        }
    }

    static func text(_ refusal: RequestRefusal) -> String {
        switch refusal {
        case .throttled: "too fast for the stream; add shards or lower the rate"
        case .serverFault: "a fault of the service; it will pass"
        case .signature: "the signature does not fit; check the secret access key"
        case .clockSkew: "the clocks differ by more than 5 minutes; check the time (timedatectl)"
        case .credentials: "unknown or expired credentials; check the access key and its token"
        case .permission:
            "no permission; the key needs kinesis:PutRecords, firehose:PutRecordBatch or "
                + "es:ESHttpPost, as the type of the sink is"
        case .notFound: "no such stream; check stream, region and account"
        case .content: "the service does not take what is in it, nor anything else so far"
        case .invalidRequest: "the service does not take the request"
        case .notTheService:
            "not the service's answer; a captive portal, a proxy or a wrong address"
        }
    }

    static func text(_ error: AnswerError) -> String {
        switch error {
        case .notUnderstood(let error):
            "not the service's JSON at byte \(error.offset): a login page, or cut off"
        case .page: "a page for people: a captive portal, a proxy or a wrong address"
        case .wrongCount(let expected, let actual):
            "\(RingText.count(UInt64(actual), "result")) for "
                + RingText.count(UInt64(expected), "record")
        }
    }

    private static func text(_ reason: GapReason) -> String {
        switch reason {
        case .overwritten: "the full ring gave up its oldest; make it larger ([ring] size)"
        case .unreadable: "torn or damaged on the card, or never written to it"
        case .refused: "the full ring took no more"
        case .unknown: "of a kind that only a newer pulsegate can read; they stay in the ring"
        }
    }

    static func seconds(_ nanoseconds: Int64) -> String {
        let tenths = (nanoseconds + 50_000_000) / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
