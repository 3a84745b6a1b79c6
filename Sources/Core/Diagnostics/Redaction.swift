import Bytes

/// Takes secrets out of the text of a configuration, for people who may see the rest.
public enum Redaction {
    /// Words of a key's name that say that its value is a secret, wherever they stand in it.
    private static let parts = ["secret", "token", "password"]

    /// Whether the value of a key of this name may be a secret. A path of a file is none; the
    /// arguments of a program may be one.
    public static func isSecret(key: some StringProtocol) -> Bool {
        let name = key.lowercased().filter { $0 != " " && $0 != "\t" && $0 != ";" && $0 != "#" }
        if name == "credential_process" { return true }
        let isSecret =
            parts.contains { name.contains(text: $0) } || name.split(separator: "_").contains("pin")
        return isSecret && !name.hasSuffix("_file")
    }

    /// The text with the values of secret keys replaced. A path of a file is no secret, and helps.
    public static func redact(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line(String($0)) }.joined(separator: "\n")
    }

    private static func line(_ line: String) -> String {
        guard let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return line }
        let key = line[..<equals]
        // The id of a key is no secret, and says whose account it is.
        guard isSecret(key: key) || key.lowercased().contains(text: "access_key") else {
            return userInformation(line)
        }
        return line[...equals] + " (removed)"
    }

    /// `https://user:password@host`: what stands before the at sign goes too.
    private static func userInformation(_ line: String) -> String {
        guard let scheme = line.firstEnd(of: "://") else { return line }
        let rest = line[scheme...]
        let authority = rest.prefix { $0 != "/" && $0 != " " }
        guard let at = authority.lastIndex(of: "@") else { return line }
        return line[..<scheme] + "(removed)" + line[at...]
    }
}
