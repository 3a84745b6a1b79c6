extension Configuration {
    /// The table of all settings, in Markdown: printed for users, and kept in the README.
    public static var reference: String {
        var lines = [
            "| section | key | default | values | meaning |",
            "|---|---|---|---|---|",
        ]
        for key in Key.all {
            let types = key.types.isEmpty ? "" : " `type = \(key.types.joined(separator: "|"))`"
            let cells = [
                "[\(key.section.title)]\(types)", "`\(key.name)`", text(of: key.fallback),
                key.form.words, key.meaning,
            ]
            // A bar ends a cell of a Markdown table.
            lines.append("| " + cells.map(escaped).joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(of fallback: Key.Fallback) -> String {
        switch fallback {
        case .value(let text): "`\(text)`"
        case .derived(let words), .absent(let words): words
        case .required: "required"
        }
    }

    private static func escaped(_ cell: String) -> String {
        cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
