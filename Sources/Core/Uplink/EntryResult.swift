public import Bytes

/// What became of one entry of a batch.
public enum EntryResult: BitwiseCopyable, Equatable, Sendable {
    /// It is there: now, or since an earlier request whose answer was lost.
    case accepted
    /// Too fast for the part of the service that it goes to; it is sent again.
    case throttled
    /// A fault of the service, or a code that this version does not know; it is sent again.
    case failed
    /// The service will never take this entry, whatever happens (OpenSearch: a field that does
    /// not fit the mapping), and says so with this status. Sending it again would hold everything
    /// else up.
    case rejected(status: UInt16)
}

/// Why an answer with a status of success cannot be believed. Nothing of it is used then: the
/// whole request counts as unanswered.
public enum AnswerError: Error, Equatable, Sendable {
    /// Not JSON, or not of the shape that the service's reference gives: a captive portal, a cut
    /// connection.
    case notUnderstood(JSONError)
    /// Another number of results than the request had entries, so they cannot be told apart.
    case wrongCount(expected: Int, actual: Int)
    /// A page for people: a captive portal or a proxy has answered in the service's place.
    case page
}
