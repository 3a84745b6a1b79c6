public import Bytes
import Time

/// What the indexer tells the event source mapping (`ReportBatchItemFailures`).
public enum BatchItemFailures {
    /// Appends the answer. The mapping begins again at the lowest sequence number that is named, so
    /// one is enough; nil: everything has been taken.
    public static func append(lowest sequenceNumber: Span<UInt8>?, to body: inout FixedBuffer) {
        body.append("{\"batchItemFailures\":[")
        if let sequenceNumber {
            body.append("{\"itemIdentifier\":\"")
            body.append(sequenceNumber)
            body.append("\"}")
        }
        body.append("]}")
    }

    /// Whether a sequence number is below another: numbers of up to 56 digits, without zeros in
    /// front.
    public static func isLower(_ number: Span<UInt8>, than other: Span<UInt8>) -> Bool {
        guard number.count == other.count else { return number.count < other.count }
        for index in number.indices where number[index] != other[index] {
            return number[index] < other[index]
        }
        return false
    }
}

/// What a function tells Lambda when it fails as a whole (Lambda runtime API, "Invocation error",
/// "Initialization error").
public enum FunctionError {
    public static func append(type: StaticString, message: String, to body: inout FixedBuffer) {
        body.append("{\"errorType\":\"")
        body.append(type)
        body.append("\",\"errorMessage\":")
        body.append(jsonString: message.utf8.span)
        body.append(",\"stackTrace\":[]}")
    }
}

/// What is no record, and what OpenSearch will never take, as a line for the error stream, in the
/// form in which gateways send theirs:
///
/// ```
/// {"timestamp":"2025-07-15T17:10:33.123456Z","status_code":422,"payload":"{\"time…",
///  "error_message":"no record: seq is missing","sink":"indexer","event_id":"shardId-…",
///  "schema":1}
/// ```
///
/// `timestamp` is when it was refused. `payload_cut` says that the payload is not whole.
public enum ErrorRecord {
    /// Bytes of a payload at most: escaped, in base64 and with its key it still fits into one
    /// record of a stream (1 MiB).
    public static let payloadBytesMax = 64 << 10

    /// What is to be said of a payload.
    public struct Cause: Sendable {
        public var statusCode: UInt16
        public var message: String

        public init(statusCode: UInt16, message: String) {
            self.statusCode = statusCode
            self.message = message
        }
    }

    /// `payload` that is no UTF-8 is said in hexadecimal.
    public static func append(
        payload: Span<UInt8>, cause: Cause, eventID: Span<UInt8>, at wallMicroseconds: Int64,
        to buffer: inout FixedBuffer
    ) {
        buffer.append("{\"timestamp\":\"")
        buffer.append(timestamp: wallMicroseconds)
        buffer.append("\",\"status_code\":")
        buffer.append(decimal: UInt64(cause.statusCode))
        buffer.append(",\"payload\":")
        let isCut = append(payload, to: &buffer)
        buffer.append(",\"error_message\":")
        buffer.append(jsonString: cause.message.utf8.span)
        buffer.append(",\"sink\":\"indexer\",\"event_id\":\"")
        buffer.append(eventID)
        buffer.append(UInt8(ascii: "\""))
        if isCut { buffer.append(",\"payload_cut\":true") }
        buffer.append(",\"schema\":1}\n")
    }

    private static func append(_ payload: Span<UInt8>, to buffer: inout FixedBuffer) -> Bool {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: payload)
        } catch {
            let shown = min(payload.count, payloadBytesMax / 2)
            buffer.append(UInt8(ascii: "\""))
            buffer.append(hex: payload.extracting(0..<shown))
            buffer.append(UInt8(ascii: "\""))
            return shown < payload.count
        }
        var shown = min(payload.count, payloadBytesMax)
        // A character is not cut in two: bytes behind its first begin with the bits 10.
        while shown > 0, shown < payload.count, payload[shown] & 0xC0 == 0x80 { shown -= 1 }
        buffer.append(jsonString: payload.extracting(0..<shown))
        return shown < payload.count
    }
}
