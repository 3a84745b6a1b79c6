import Diagnostics
import Linux

/// The configuration as it was written, for people: the file and what is read after it, without
/// its secrets.
enum ConfigurationText {
    private static let bytesMax = 64 << 10

    static func read(_ path: String) -> String {
        var text = part(path)
        for extra in extras(path) { text += part(extra) }
        return String(decoding: text.utf8.prefix(bytesMax), as: UTF8.self)
    }

    private static func extras(_ path: String) -> [String] {
        Path.names(in: path + ".d").filter { $0.hasSuffix(".conf") }.sorted()
            .map { "\(path).d/\($0)" }
    }

    private static func part(_ path: String) -> String {
        do throws(SystemError) {
            let bytes = try Path.contents(of: path, atMost: bytesMax)
            let text = Redaction.redact(String(decoding: bytes, as: UTF8.self))
            return "# \(path)\n\(text)\(text.hasSuffix("\n") ? "" : "\n")"
        } catch {
            return "# \(error)\n"
        }
    }
}
