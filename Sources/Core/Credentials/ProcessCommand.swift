/// The command line of `credential_process`, taken apart into words without a shell.
///
/// Blanks separate words. In double quotes blanks are a part of the word, and a backslash stands
/// before `"` and `\`; in single quotes everything is as it is; outside quotes a backslash stands
/// before any character. So botocore reads it (`shlex.split`), and so AWS documents it ("Process
/// credential provider", AWS SDKs and Tools Reference Guide): quotes around a path or a value with
/// blanks, no variables, no `~`.
public struct ProcessCommand: Hashable, Sendable, SecretHolder, CustomStringConvertible {
    /// The program and its arguments.
    public let words: [String]

    /// Bytes of a command line; the kernel takes 128 KiB in one word (execve(2)).
    public static let bytesMax = 4_096

    public init(_ text: String) throws(ProcessCommandError) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong }
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var isEscaped = false
        for character in text.unicodeScalars {
            guard character != "\0" else { throw .nulByte }
            if isEscaped {
                // Within quotes only these two are escaped: before others the backslash stays.
                if quote != nil && character != "\"" && character != "\\" { word?.append("\\") }
                word?.append(character)
                isEscaped = false
            } else if character == "\\" && quote != "'" {
                word = word ?? "".unicodeScalars
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
            } else if character == "\"" || character == "'" {
                word = word ?? "".unicodeScalars
                quote = character
            } else if Self.isBlank(character) {
                if let ended = word { words.append(String(ended)) }
                word = nil
            } else {
                word = word ?? "".unicodeScalars
                word?.append(character)
            }
        }
        guard !isEscaped else { throw .openEscape }
        guard quote == nil else { throw .openQuote }
        if let ended = word { words.append(String(ended)) }
        guard let program = words.first, !program.isEmpty else { throw .noProgram }
        self.words = words
    }

    private static func isBlank(_ character: Unicode.Scalar) -> Bool {
        character == " " || character == "\t" || character == "\r" || character == "\n"
    }

    /// The program: words behind it may be secrets.
    public var program: String { words.first ?? "" }
    public var description: String { "ProcessCommand(\(program))" }
}

/// Why a command line is none.
public enum ProcessCommandError: Error, Equatable, Sendable {
    case noProgram, openQuote, openEscape, nulByte, tooLong

    /// In words that follow the name of the setting.
    public var text: String {
        switch self {
        case .noProgram: "names no program"
        case .openQuote: "has a quote that is not closed"
        case .openEscape: "ends in a backslash"
        case .nulByte: "has a NUL byte"
        case .tooLong: "is longer than \(ProcessCommand.bytesMax) bytes"
        }
    }
}
