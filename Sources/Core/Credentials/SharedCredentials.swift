/// What came of reading a file that may hold a key.
public enum SharedCredentialsContent: Equatable, Sendable, SecretHolder {
    case bytes([UInt8])
    /// The kernel's words: `No such file or directory`.
    case unreadable(String)
}

/// The shared credentials file of AWS's tools (`~/.aws/credentials`), and their configuration file
/// (`~/.aws/config`), which is of the same form.
///
/// ```
/// [default]
/// aws_access_key_id = AKIA...
/// aws_secret_access_key = ...
/// aws_session_token = ...
/// ```
///
/// It has a reader of its own beside that of the settings: a session token is longer than the
/// lines of libinih, and the dialect differs. As in AWS's tools, names of keys are taken in any
/// case, blanks around names and values do not count, `#` and `;` begin a comment at the start of
/// a line or behind a blank, the last of two equal keys holds, and what is not understood is
/// left to other tools.
public struct SharedCredentials: Equatable, Sendable, SecretHolder {
    /// One section: the properties in it, with names in lower case.
    struct Profile: Equatable {
        var properties: [String: Property] = [:]
    }

    struct Property: Equatable {
        var value: String
        var line: Int
        /// With what looks like a comment: a command line may have a `#` behind a blank.
        var raw: String
    }

    private(set) var profiles: [String: Profile] = [:]
    /// Names in the order of the file.
    public private(set) var profileNames: [String] = []

    /// Reads the bytes of a file. Bytes that are not UTF-8 are replaced; a key with such a value
    /// is refused where it is used.
    public init(_ bytes: [UInt8]) {
        var current: String?
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let lines = bytes[start...].split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = trimmed(String(decoding: line, as: UTF8.self)[...])
            guard let first = text.first, first != "#", first != ";" else { continue }
            if first == "[" {
                current = text.firstIndex(of: "]").map {
                    String(trimmed(text[text.index(after: text.startIndex)..<$0]))
                }
                if let current { open(current) }
            } else if let current, let equals = text.firstIndex(where: { $0 == "=" || $0 == ":" }) {
                let name = trimmed(text[..<equals]).lowercased()
                let raw = trimmed(text[text.index(after: equals)...])
                let value = trimmed(withoutComment(raw))
                profiles[current, default: Profile()].properties[name] =
                    Property(value: String(value), line: index + 1, raw: String(raw))
            }
        }
    }

    private mutating func open(_ name: String) {
        guard profiles[name] == nil else { return }
        profiles[name] = Profile()
        profileNames.append(name)
    }
}

private func isBlank(_ character: Character) -> Bool {
    character == " " || character == "\t" || character == "\r"
}

private func trimmed(_ text: Substring) -> Substring {
    guard let first = text.firstIndex(where: { !isBlank($0) }),
        let last = text.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return text[first...last]
}

private func withoutComment(_ text: Substring) -> Substring {
    var isBehindBlank = true
    for index in text.indices {
        if isBehindBlank && (text[index] == "#" || text[index] == ";") { return text[..<index] }
        isBehindBlank = isBlank(text[index])
    }
    return text
}
