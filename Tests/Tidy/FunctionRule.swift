extension FileRules {
    /// A function fits on a page, signature and last bracket included.
    static func shortFunctions(_ file: SourceFile) -> [Offence] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard beginsFunction(tokens, index), let end = endOfBody(tokens, from: index) else {
                return nil
            }
            let count = tokens[end].line - tokens[index].line + 1
            guard count > functionLimit else { return nil }
            let name = tokens[index].text == "func" ? tokens[index + 1].text : tokens[index].text
            return Offence(
                path: file.path, line: tokens[index].line, what: "\(name) has \(count) lines")
        }
    }

    /// `func`, and the declarations `init`, `deinit` and `subscript`; not the call `.init(`.
    private static func beginsFunction(_ tokens: [Token], _ index: Int) -> Bool {
        let names = ["func", "init", "deinit", "subscript"]
        guard names.contains(tokens[index].text), index + 1 < tokens.count else { return false }
        return index == 0 || tokens[index - 1].text != "."
    }

    /// The bracket that closes the body; nil for a requirement of a protocol.
    private static func endOfBody(_ tokens: [Token], from start: Int) -> Int? {
        var depth = 0
        var isInBody = false
        for index in (start + 1)..<tokens.count {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{":
                if depth == 0 { isInBody = true }
                depth += 1
            case "}":
                depth -= 1
                if depth < 0 { return nil }
                if depth == 0 && isInBody { return index }
            case "func", "var", "init", "subscript", "associatedtype":
                let isCall = tokens[index - 1].text == "."
                if depth == 0 && !isInBody && !isCall { return nil }
            default: break
            }
        }
        return nil
    }
}
