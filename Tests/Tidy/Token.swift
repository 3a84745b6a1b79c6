/// One word or sign of Swift code. Comments are left out, a string is the token `"`.
struct Token: Equatable {
    let text: String
    /// From 1.
    let line: Int
    /// No blank stands between it and the token before.
    let touches: Bool
}

/// Cuts Swift text into tokens, well enough to look for words outside of comments and strings.
/// The code in a string's interpolations is code too.
struct Tokenizer {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private(set) var tokens: [Token] = []
    /// Lines that are text of a string of several lines, which nobody can break.
    private(set) var textLines: Set<Int> = []
    /// Where the token before ended.
    private var end = 0

    init(_ text: String) {
        bytes = [UInt8](text.utf8)
        scanCode(inInterpolation: false)
    }

    private func peek(_ ahead: Int = 0) -> UInt8 {
        index + ahead < bytes.count ? bytes[index + ahead] : 0
    }

    private func starts(with text: StaticString) -> Bool {
        for offset in 0..<text.utf8CodeUnitCount {
            if unsafe peek(offset) != text.utf8Start[offset] { return false }
        }
        return true
    }

    private mutating func step() {
        if peek() == UInt8(ascii: "\n") { line += 1 }
        index += 1
    }

    private mutating func emit(from start: Int, line: Int, as text: String? = nil) {
        let spelled = text ?? String(decoding: bytes[start..<index], as: UTF8.self)
        tokens.append(Token(text: spelled, line: line, touches: start == end))
        end = index
    }

    /// To the end of the text, or behind the bracket that closes an interpolation.
    private mutating func scanCode(inInterpolation: Bool) {
        var depth = 0
        while index < bytes.count {
            let byte = peek()
            if byte == UInt8(ascii: "("), inInterpolation { depth += 1 }
            if byte == UInt8(ascii: ")"), inInterpolation {
                if depth == 0 {
                    index += 1
                    return
                }
                depth -= 1
            }
            if starts(with: "//") {
                while index < bytes.count, peek() != UInt8(ascii: "\n") { index += 1 }
            } else if starts(with: "/*") {
                skipBlockComment()
            } else if isQuote() {
                scanString()
            } else if Self.isWord(byte) {
                scanWord()
            } else if byte <= 0x20 {
                step()
            } else {
                scanSign()
            }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private mutating func scanWord() {
        let start = index
        while index < bytes.count, Self.isWord(peek()) { index += 1 }
        emit(from: start, line: line)
    }

    /// One sign a token, but `!=` is not a `!`.
    private mutating func scanSign() {
        let start = index
        index += starts(with: "!=") ? 2 : 1
        emit(from: start, line: line)
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                index += 2
            } else if starts(with: "*/") {
                depth -= 1
                index += 2
            } else {
                step()
            }
        } while depth > 0 && index < bytes.count
    }

    /// Number signs and a quotation mark.
    private func isQuote() -> Bool {
        var ahead = 0
        while peek(ahead) == UInt8(ascii: "#") { ahead += 1 }
        return peek(ahead) == UInt8(ascii: "\"")
    }

    private func hasSigns(_ count: Int, ahead: Int) -> Bool {
        for offset in 0..<count where peek(ahead + offset) != UInt8(ascii: "#") { return false }
        return true
    }

    private mutating func scanString() {
        let start = index
        let startLine = line
        var signs = 0
        while peek() == UInt8(ascii: "#") {
            signs += 1
            index += 1
        }
        let quotes = starts(with: "\"\"\"") ? 3 : 1
        index += quotes
        emit(from: start, line: startLine, as: "\"")
        while index < bytes.count {
            if peek() == UInt8(ascii: "\\"), hasSigns(signs, ahead: 1) {
                index += 1 + signs
                if peek() == UInt8(ascii: "(") {
                    index += 1
                    scanCode(inInterpolation: true)
                } else {
                    step()
                }
            } else if starts(with: quotes == 3 ? "\"\"\"" : "\""), hasSigns(signs, ahead: quotes) {
                index += quotes + signs
                break
            } else {
                step()
            }
        }
        end = index
        if quotes == 3 { textLines.formUnion(startLine + 1..<max(line, startLine + 1)) }
    }
}
