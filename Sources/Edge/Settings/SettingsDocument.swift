/// One `key = value` line of a settings file.
public struct SettingsEntry: Equatable, Sendable {
    /// The title of the section that the line stands in, without brackets, blanks collapsed to
    /// one; empty above the first heading.
    public var section: String
    public var key: String
    /// Without the blanks around it and without the comment behind it.
    public var value: String
    /// The file, as the caller named it.
    public var file: String
    /// From 1.
    public var line: Int

    public init(section: String, key: String, value: String, file: String, line: Int) {
        self.section = section
        self.key = key
        self.value = value
        self.file = file
        self.line = line
    }
}

/// A `[section]` line. It is reported apart from the entries, because a section without keys is
/// a statement too: it can be misspelt, or lack a key that it needs.
public struct SettingsHeading: Equatable, Sendable {
    /// Without brackets, blanks collapsed to one.
    public var title: String
    public var file: String
    public var line: Int

    public init(title: String, file: String, line: Int) {
        self.title = title
        self.file = file
        self.line = line
    }
}

/// A line that is not what a settings file consists of.
public struct SettingsProblem: Equatable, Sendable {
    /// What is wrong with the line.
    public enum Reason: Equatable, Sendable {
        /// More bytes than the parser's line buffer takes, which are `limit`.
        case longLine(limit: Int)
        case notUTF8
        /// A byte below 0x20 other than tab, or 0x7F.
        case controlCharacter(UInt8)
        /// Neither `key = value`, a heading nor a comment.
        case noEntry
        /// `[` without `]`, text behind `]`, or a title that is empty or too long.
        case badHeading
        case emptyKey
        /// `value # text`, which other dialects read as a comment and this one does not.
        case hashBehindValue
        /// The key has been set in this section of this file already.
        case duplicate(section: String, key: String, firstLine: Int)
        /// The rest of the file was not read: it has more entries or problems than `limit`.
        case tooMany(limit: Int)
    }

    public var file: String
    public var line: Int
    public var reason: Reason
    /// The line as it was read; empty when it is not text.
    public var text: String

    public init(file: String, line: Int, reason: Reason, text: String) {
        self.file = file
        self.line = line
        self.reason = reason
        self.text = text
    }
}

/// What a settings file says, line by line; nothing in it has been judged yet.
///
/// Invariant: no two entries have the same section and key, and every entry's section has a
/// heading or is empty.
public struct SettingsDocument: Equatable, Sendable {
    /// The file, as the caller named it.
    public var file: String
    public var headings: [SettingsHeading] = []
    public var entries: [SettingsEntry] = []
    public var problems: [SettingsProblem] = []

    public init(file: String) {
        self.file = file
    }
}
