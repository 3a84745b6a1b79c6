import Bytes
public import RecordRing

/// An error that somebody posts, judged: `status_code`, `payload` and `error_message`, as other
/// services write them.
public enum ErrorPost {
    /// An error that is recorded.
    public struct Accepted: Equatable, Sendable {
        public let payload: PostedError
        /// The record's name: where the message begins.
        public let head: SensorName
    }

    /// Judges one error.
    public static func judge(_ post: Span<UInt8>) -> Result<Accepted, PostRefused> {
        do throws(PostRefusal.Thrown) {
            let fields = try PostFields.read(post, of: .errorMessage)
            try PatientPost.checkNames(fields)
            let status = try status(fields, post)
            let payload = try text(.payload, fields, post)
            let message = try text(.errorMessage, fields, post)
            guard !message.isEmpty else {
                throw .init(
                    PostRefusal(.empty, .errorMessage, value: fields[.errorMessage]?.place))
            }
            let (error, head) = PostedError.make(
                status: status, message: message.span, payload: payload.span)
            return .success(Accepted(payload: error, head: head))
        } catch {
            return .failure(PostRefused(error.refusal, cutting: post, to: .errorMessage))
        }
    }

    /// A number of HTTP (RFC 9110 section 15), whole as JSON Schema's `integer`: 422.0 is.
    private static func status(
        _ fields: PostFields, _ post: Span<UInt8>
    ) throws(PostRefusal.Thrown) -> UInt16 {
        guard let found = fields[.statusCode] else {
            throw .init(PostRefusal(.missing, .statusCode))
        }
        guard case .number(let range) = found.value else {
            throw .init(PostRefusal(.wrongType, .statusCode, value: found.place))
        }
        guard let number = DecimalNumber(post.extracting(range), decimals: 0), number.isExact,
            number.isWithin(100...599)
        else { throw .init(PostRefusal(.outOfRange, .statusCode, value: found.place)) }
        return UInt16(number.rounded)
    }

    private static func text(
        _ field: PostField, _ fields: PostFields, _ post: Span<UInt8>
    ) throws(PostRefusal.Thrown) -> [UInt8] {
        guard let found = fields[field] else { throw .init(PostRefusal(.missing, field)) }
        guard case .string(let range) = found.value,
            let text = String(jsonString: post.extracting(range))
        else { throw .init(PostRefusal(.wrongType, field, value: found.place)) }
        return Array(text.utf8)
    }
}
