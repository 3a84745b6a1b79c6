import Settings

@testable import Configuration

/// Tests of sections behind the same head: read, or refused with a text.
protocol SectionReading {}

extension SectionReading {
    private static var head: String {
        "[gateway]\ndata = /d\ndevice_id = g\n[input]\ntype = stdin\n"
    }

    func read(_ text: String) throws(ConfigurationError) -> Configuration {
        let document = SettingsDocument.parse(Array((Self.head + text).utf8), file: "p.conf")
        return try Configuration.read([document], hostName: "h")
    }

    func refusal(_ text: String) -> String? {
        do throws(ConfigurationError) {
            _ = try read(text)
            return nil
        } catch {
            return error.description
        }
    }
}
