import Bytes
/// Takes secrets out of the text of a configuration, for people who may see the rest.
public enum Redaction {
    /// Parts of a key's name that say that its value is a secret.
    private static let secret = ["secret", "token", "password", "pin", "access_key"]

    /// The text with the values of secret keys replaced. A path of a file is no secret, and helps.
    public static func redact(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line(String($0)) }.joined(separator: "\n")
    }

    private static func line(_ line: String) -> String {
        guard let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return line }
        let key = line[..<equals].lowercased().filter { $0 != " " && $0 != "\t" && $0 != ";" }
        let isPath = key.hasSuffix("_file")
        let words = key.drop { $0 == "#" }.split(separator: "_").map { String($0) }
        let isSecret = secret.contains { name in
            words.contains(name) || key.contains(text: name) && name.contains("_")
        }
        guard isSecret && !isPath else { return userInformation(line) }
        return line[...equals] + " (removed)"
    }

    /// `https://user:password@host`: what stands before the at sign goes too.
    private static func userInformation(_ line: String) -> String {
        guard let scheme = firstRange(of: "://", in: line) else { return line }
        let rest = line[scheme...]
        let authority = rest.prefix { $0 != "/" && $0 != " " }
        guard let at = authority.lastIndex(of: "@") else { return line }
        return line[..<scheme] + "(removed)" + line[at...]
    }

    private static func firstRange(of word: String, in text: String) -> String.Index? {
        var place = text.startIndex
        while place < text.endIndex {
            if text[place...].hasPrefix(word) { return text.index(place, offsetBy: word.count) }
            place = text.index(after: place)
        }
        return nil
    }
}
