/// Why there is no access key: what was looked for where, in order, and what to do.
public struct CredentialError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One place and what was found there instead of a key.
    public struct Finding: Equatable, Sendable {
        public let place: String
        public let text: String
        /// What stays the same when the same thing happens again: texts have ports and times in
        /// them that do not.
        public let cause: String

        init(place: String, text: String, cause: String? = nil) {
            self.place = place
            self.text = text
            self.cause = cause ?? text
        }
    }

    /// What is wrong, and whether waiting may help.
    public enum Kind: Equatable, Sendable {
        /// No place has a key: it may appear later.
        case absent
        /// A place has half a key or a damaged one. Places behind it were not asked, because
        /// another key than the one that was meant would be used.
        case faulty
        /// A place that gives keys was asked and gave none this time. It is asked again.
        case failed
    }

    public let kind: Kind
    /// In the order of the search.
    public let findings: [Finding]
    public let remedy: String

    /// Whether both say the same, but for numbers that differ from one time to the next.
    func hasCause(of other: CredentialError?) -> Bool {
        kind == other?.kind && findings.map { $0.cause } == other?.findings.map { $0.cause }
            && findings.map { $0.place } == other?.findings.map { $0.place }
    }

    private var title: String {
        switch kind {
        case .absent: "no AWS access key"
        case .faulty: "the AWS access key is not usable"
        case .failed: "no AWS access key was given"
        }
    }

    /// The same as one line, for a log.
    public var line: String {
        let places = findings.map { "\($0.place): \($0.text)" }.joined(separator: "; ")
        return "\(title) (\(places)). \(remedy)"
    }

    /// Several lines: what was looked for, then the remedy.
    public var description: String {
        let places = findings.enumerated().map { number, finding in
            "  \(number + 1). \(finding.place): \(finding.text)"
        }
        return "\(title); looked in:\n\(places.joined(separator: "\n"))\n\(remedy)"
    }
}
