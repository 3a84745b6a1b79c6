internal import Diagnostics
internal import Settings

/// One thing that is wrong with a configuration: where, what, and what to do about it.
public struct ConfigurationProblem: Equatable, Sendable, CustomStringConvertible {
    public let file: String
    /// nil when something is missing, or the file could not be read.
    public let line: Int?
    /// `[alarm] high = 500`, a heading, or the line as it was read; may be empty.
    public let subject: String
    /// What is wrong, in words that follow the subject.
    public let text: String
    public let remedy: String

    /// `FILE:LINE: SUBJECT: TEXT; REMEDY`
    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        let shown = subject.isEmpty ? "" : "\(Self.shortened(subject)): "
        return "\(place): \(shown)\(text); \(remedy)"
    }

    /// A message is read on a terminal: 120 characters of a line show which one is meant.
    private static func shortened(_ text: String) -> String {
        text.count <= 120 ? text : text.prefix(117) + "..."
    }
}

/// Everything that is wrong with a configuration: its lines in the order of the files, then what
/// is missing.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let problems: [ConfigurationProblem]

    /// One problem a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

extension ConfigurationProblem {
    /// At `entry`: `[alarm] high = 500`.
    init(_ entry: SettingsEntry, _ text: String, remedy: String) {
        let section = entry.section.isEmpty ? "" : "[\(entry.section)] "
        self.init(
            file: entry.file, line: entry.line,
            subject: "\(section)\(entry.key) = \(Self.shown(entry))", text: text,
            remedy: remedy)
    }

    /// The value, unless it may be a secret: what is said here goes into logs.
    private static func shown(_ entry: SettingsEntry) -> String {
        Redaction.isSecret(key: entry.key) ? "..." : entry.value
    }

    /// The line as far as it is no secret.
    private static func shown(line: String) -> String {
        guard let equals = line.firstIndex(of: "="), Redaction.isSecret(key: line[..<equals])
        else { return line }
        return line[...equals] + " ..."
    }

    /// At `heading`: `[alarm]`.
    init(_ heading: SettingsHeading, _ text: String, remedy: String) {
        self.init(
            file: heading.file, line: heading.line, subject: "[\(heading.title)]", text: text,
            remedy: remedy)
    }

    /// A line that is no setting at all.
    init(_ problem: SettingsProblem) {
        let (text, remedy) = Self.words(of: problem.reason)
        self.init(
            file: problem.file, line: problem.line, subject: Self.shown(line: problem.text),
            text: text, remedy: remedy)
    }

    init(_ error: SettingsFileError, remedy: String) {
        self.init(
            file: error.path, line: nil, subject: "", text: "cannot be read: \(error.words)",
            remedy: remedy)
    }

    private static func words(of reason: SettingsProblem.Reason) -> (String, String) {
        switch reason {
        case .longLine(let limit):
            ("the line has more than \(limit) bytes", "shorten it, for example its path")
        case .notUTF8: ("the line is not UTF-8", "save the file as UTF-8")
        case .controlCharacter(let byte):
            ("the line has the control character \(byte)", "remove it, or write the line again")
        case .noEntry:
            ("is no setting, heading or comment", "write `key = value`, or begin it with `#`")
        case .badHeading: ("is no heading", "write `[section]` alone on its line")
        case .emptyKey: ("has no key", "write `key = value`")
        case .hashBehindValue:
            ("`#` begins a comment only at the start of a line", "write ` ;` before the comment")
        case .duplicate(let section, let key, let firstLine):
            (
                "[\(section)] \(key) is set in line \(firstLine) already",
                "remove one of the two lines"
            )
        case .tooMany(let limit):
            (
                "the file goes beyond \(limit) entries or problems",
                "shorten it; the rest was not read"
            )
        }
    }
}
