internal import Settings

/// The settings of one section, with defaults; reports required keys that are missing and keys
/// that do not go with the section's `type`.
///
/// Where a value is faulty or missing, which is reported, an answer is a stand-in that nobody
/// will see: with a problem there is no configuration.
struct SectionReader {
    let id: SettingTable.SectionID
    private(set) var table: SettingTable

    init(_ id: SettingTable.SectionID, of table: SettingTable) {
        self.id = id
        self.table = table
    }

    /// The key is written, with a good value or a bad one.
    func isPlaced(_ name: String) -> Bool { table.placed(id, name) != nil }

    /// The value that was written, if there is a good one.
    func written(_ name: String) -> SettingValue? { table.placed(id, name)?.value }

    func number(_ name: String) -> Int64 {
        if case .number(let value) = value(name) { value } else { 0 }
    }

    func text(_ name: String) -> String? {
        if case .text(let value) = value(name) { value } else { nil }
    }

    func flag(_ name: String) -> Bool {
        if case .flag(let value) = value(name) { value } else { false }
    }

    func speed(_ name: String) -> InputSettings.Speed {
        if case .speed(let value) = value(name) { value } else { .times(1) }
    }

    func endpoint(_ name: String) -> Endpoint? {
        if case .endpoint(let value) = value(name) { value } else { nil }
    }

    func url(_ name: String) -> (Endpoint, path: String)? {
        if case .url(let endpoint, let path) = value(name) { (endpoint, path) } else { nil }
    }

    /// The text of a required key; when it is missing that is reported, and the answer is empty.
    mutating func requiredText(_ name: String) -> String {
        if let placed = table.placed(id, name) {
            if case .text(let text) = placed.value { return text }
            return ""
        }
        let form = key(name).form
        table.reportMissing(
            id, "\(id.heading) \(name)", "is missing",
            remedy: "add `\(name) = \(form.placeholder)` to \(id.heading)")
        return ""
    }

    /// `FILE:LINE: [input] type = stdin`; nil when the key is not written.
    func place(_ name: String) -> String? {
        guard let entry = table.placed(id, name)?.entry else { return nil }
        return "\(entry.file):\(entry.line): \(id.heading) \(name) = \(entry.value)"
    }

    /// Reports `name`, if it is written.
    mutating func refuse(_ name: String, _ text: String, remedy: String) {
        guard let placed = table.placed(id, name) else { return }
        table.report(placed.entry, text, remedy: remedy)
    }

    /// Reports something that is missing in the section.
    mutating func reportMissing(_ name: String, _ text: String, remedy: String) {
        table.reportMissing(id, "\(id.heading) \(name)", text, remedy: remedy)
    }

    /// Reports every key that goes with another `type` than `type`.
    mutating func refuseForeignKeys(type: String) {
        for placed in table.placedKeys(id) {
            let types = key(placed.entry.key).types
            guard !types.isEmpty, !types.contains(type) else { continue }
            table.report(
                placed.entry, "belongs to `type = \(types.joined(separator: " or "))`",
                remedy: "\(id.heading) is of type \(type); remove the line or change the type")
        }
    }

    private func value(_ name: String) -> SettingValue? {
        if let placed = table.placed(id, name) { return placed.value }
        guard case .value(let text) = key(name).fallback else { return nil }
        do throws(ValueFault) {
            return try key(name).form.read(text)
        } catch {
            preconditionFailure("a default can be read by its own form: \(name) \(error.text)")
        }
    }

    private func key(_ name: String) -> Key {
        guard let key = Key.find(id.section, name) else {
            preconditionFailure("a key that is asked for is in the list: \(name)")
        }
        return key
    }
}
