/// The rules that can be judged file by file.
enum FileRules {
    static let lineLimit = 100
    static let fileLimit = 500
    static let functionLimit = 70

    /// Core knows no clock, file, socket, thread or C: it imports none of the modules that do.
    static func pureCore(_ file: SourceFile) -> [Offence] {
        guard file.place?.layer == "Core" else { return [] }
        let world = ["Glibc", "Musl", "Dispatch", "Synchronization"]
        return file.imports.filter { imported in
            world.contains(imported.module) || imported.module.hasPrefix("Foundation")
                || isCModule(imported.module)
        }.map { Offence(path: file.path, line: $0.line, what: "Core imports \($0.module)") }
    }

    /// `CLinux` is a C module, `Credentials` is not.
    static func isCModule(_ name: String) -> Bool {
        name.first == "C" && name.dropFirst().first?.isUppercase ?? false
    }

    /// Foundation costs 6 to 7 MB of a static binary.
    static func noFoundation(_ file: SourceFile) -> [Offence] {
        file.imports.filter { $0.module.hasPrefix("Foundation") }
            .map { Offence(path: file.path, line: $0.line, what: "imports \($0.module)") }
    }

    /// What hides an error, traps without a word, or boxes one.
    static func noTraps(_ file: SourceFile) -> [Offence] {
        file.tokens.indices.compactMap { index in
            trap(file.tokens, index).map {
                Offence(path: file.path, line: file.tokens[index].line, what: $0)
            }
        }
    }

    private static func trap(_ tokens: [Token], _ index: Int) -> String? {
        let next = index + 1 < tokens.count ? tokens[index + 1] : nil
        switch tokens[index].text {
        case "try":
            guard let next, next.touches, next.text == "!" || next.text == "?" else { return nil }
            return "try\(next.text)"
        case "as": return next?.text == "!" ? "as!" : nil
        case "fatalError": return next?.text == "(" ? "fatalError" : nil
        case "any": return next?.text == "Error" ? "any Error" : nil
        case "!" where index > 0 && tokens[index].touches:
            return isOperand(tokens[index - 1].text) ? "force unwrap" : nil
        default: return nil
        }
    }

    /// The token may end an expression or a type, so that a `!` that touches it unwraps.
    private static func isOperand(_ text: String) -> Bool {
        if [")", "]", "}", "\"", ">", "?"].contains(text) { return true }
        if ["try", "as", "return", "in", "case", "where"].contains(text) { return false }
        return text.first.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }

    /// Core answers with values; what is said is said by the executable.
    static func silentCore(_ file: SourceFile) -> [Offence] {
        guard file.place?.layer == "Core" else { return [] }
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let name = tokens[index].text
            guard name == "print" || name == "debugPrint" || name == "dump",
                index + 1 < tokens.count, tokens[index + 1].text == "(", tokens[index + 1].touches
            else { return nil }
            let before = index > 0 ? tokens[index - 1].text : ""
            guard before != ".", before != "func" else { return nil }
            return Offence(path: file.path, line: tokens[index].line, what: "\(name) in Core")
        }
    }

    /// A line fits on a screen, but for the text of a string of several lines.
    static func shortLines(_ file: SourceFile) -> [Offence] {
        file.lines.enumerated().compactMap { index, line in
            guard line.utf8.count > lineLimit, line.count > lineLimit,
                !file.textLines.contains(index + 1)
            else { return nil }
            return Offence(path: file.path, line: index + 1, what: "\(line.count) characters")
        }
    }

    /// A file holds one thing and can be read at once.
    static func shortFiles(_ file: SourceFile) -> [Offence] {
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        guard count > fileLimit else { return [] }
        return [Offence(path: file.path, line: fileLimit + 1, what: "\(count) lines")]
    }

    /// Notes to ourselves belong where work is planned. The words are put together here, so that
    /// this file keeps its own rule.
    static func noNotes(_ file: SourceFile) -> [Offence] {
        let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
        return file.lines.enumerated().flatMap { index, line in
            words.filter { hasWord($0, in: line) }.map {
                Offence(path: file.path, line: index + 1, what: $0)
            }
        }
    }

    private static func hasWord(_ word: String, in line: String) -> Bool {
        guard line.contains(word) else { return false }
        return line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == word }
    }

    /// A type that other rooms see says what it is.
    static func documentedTypes(_ file: SourceFile) -> [Offence] {
        let kinds = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard ["public", "package"].contains(tokens[index].text) else { return nil }
            var kind = index + 1
            while kind < tokens.count, ["final", "indirect"].contains(tokens[kind].text) {
                kind += 1
            }
            guard kind + 1 < tokens.count, kinds.contains(tokens[kind].text) else { return nil }
            guard !["func", "var", "subscript"].contains(tokens[kind + 1].text) else { return nil }
            let line = tokens[index].line
            guard !hasDocumentation(file.lines, above: line) else { return nil }
            let name = tokens[kind + 1].text
            return Offence(path: file.path, line: line, what: "\(name) says nothing of itself")
        }
    }

    /// A `///` line stands above the declaration, with nothing but attributes between.
    private static func hasDocumentation(_ lines: [String], above line: Int) -> Bool {
        for above in lines.prefix(line - 1).reversed() {
            let text = above.drop { $0 == " " }
            if text.hasPrefix("@") { continue }
            return text.hasPrefix("///")
        }
        return false
    }
}
