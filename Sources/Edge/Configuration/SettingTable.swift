internal import Settings

/// The entries of all files, each judged by itself and laid over those of earlier files; and
/// every problem found on the way.
struct SettingTable {
    /// One section. `name` is that of a sink or a sensor, empty for the others.
    struct SectionID: Hashable {
        let section: Key.Section
        var name = ""

        /// `[alarm]`, `[sink site]`.
        var heading: String {
            name.isEmpty ? "[\(section.rawValue)]" : "[\(section.rawValue) \(name)]"
        }
    }

    /// What holds for a key. `value` is nil when it could not be read, which is reported.
    struct Placed {
        let entry: SettingsEntry
        let value: SettingValue?
    }

    private let files: [String]
    private var problems: [ConfigurationProblem] = []
    private var firstHeadings: [SectionID: SettingsHeading] = [:]
    private var settings: [SectionID: [String: Placed]] = [:]
    /// The names of the sinks and of the sensors, in the order of their first headings.
    private(set) var names: [Key.Section: [String]] = [:]

    /// `documents` are the main file and then its drop-ins.
    init(_ documents: [SettingsDocument]) {
        precondition(!documents.isEmpty, "a configuration has a main file")
        files = documents.map(\.file)
        for document in documents {
            problems += document.problems.map { ConfigurationProblem($0) }
            for heading in document.headings { open(heading) }
            for entry in document.entries { place(entry) }
        }
    }

    /// A file has the section.
    func has(_ id: SectionID) -> Bool { firstHeadings[id] != nil }

    func placed(_ id: SectionID, _ name: String) -> Placed? { settings[id]?[name] }

    /// The keys that are set in a section.
    func placedKeys(_ id: SectionID) -> [Placed] { settings[id].map { Array($0.values) } ?? [] }

    mutating func report(_ entry: SettingsEntry, _ text: String, remedy: String) {
        problems.append(ConfigurationProblem(entry, text, remedy: remedy))
    }

    /// Something is missing in a section; the first heading of the section is the place, if
    /// there is one.
    mutating func reportMissing(_ id: SectionID, _ subject: String, _ text: String, remedy: String)
    {
        let heading = firstHeadings[id]
        problems.append(
            ConfigurationProblem(
                file: heading?.file ?? files[0], line: heading?.line, subject: subject,
                text: text, remedy: remedy))
    }

    /// All problems: by file and line, those without a line at the end.
    var sortedProblems: [ConfigurationProblem] {
        let keyed = problems.enumerated().map { number, problem in
            let file = files.firstIndex(of: problem.file) ?? files.count
            return (
                order: [problem.line == nil ? 1 : 0, file, problem.line ?? 0, number], problem
            )
        }
        return keyed.sorted { $0.order.lexicographicallyPrecedes($1.order) }.map(\.1)
    }
}

extension SettingTable {
    /// The section of a title; nil when there is none or a name is not fit.
    private func identify(_ title: String) -> SectionID? {
        let words = title.split(separator: " ").map(String.init)
        guard let first = words.first, let section = Key.Section(rawValue: first) else {
            return nil
        }
        guard section.isNamed else {
            return words.count == 1 ? SectionID(section: section) : nil
        }
        guard words.count == 2, Key.sectionNameRule.takes(words[1]) else { return nil }
        return SectionID(section: section, name: words[1])
    }

    private mutating func open(_ heading: SettingsHeading) {
        guard let id = identify(heading.title) else {
            return problems.append(unknown(heading))
        }
        guard firstHeadings[id] == nil else { return }
        firstHeadings[id] = heading
        guard id.section.isNamed else { return }
        names[id.section, default: []].append(id.name)
        if names[id.section]?.count == id.section.limit + 1 {
            problems.append(
                ConfigurationProblem(
                    heading, "is one \(id.section.rawValue) too many",
                    remedy: "keep at most \(id.section.limit)"))
        }
    }

    private func unknown(_ heading: SettingsHeading) -> ConfigurationProblem {
        let words = heading.title.split(separator: " ").map(String.init)
        if let section = words.first.flatMap({ Key.Section(rawValue: $0) }), section.isNamed {
            return ConfigurationProblem(
                heading,
                words.count == 1 ? "has no name" : "has an unfit name",
                remedy: "write `[\(section.title)]` with \(Key.sectionNameRule.words)")
        }
        let sections = Key.Section.allCases
        let meant = NearestWord.nearest(
            to: words.first ?? "", among: sections.map(\.rawValue))
        let section = meant.flatMap { Key.Section(rawValue: $0) }
        if let section {
            let rest = section.isNamed ? words.dropFirst() : []
            let title =
                rest.isEmpty ? section.title : ([section.rawValue] + rest).joined(separator: " ")
            return ConfigurationProblem(
                heading, "is not a section", remedy: "did you mean `[\(title)]`?")
        }
        let names = sections.map { "[\($0.title)]" }.joined(separator: ", ")
        return ConfigurationProblem(
            heading, "is not a section", remedy: "the sections are \(names)")
    }

    private mutating func place(_ entry: SettingsEntry) {
        guard !entry.section.isEmpty else {
            return report(
                entry, "stands above the first section", remedy: "write its `[section]` above it")
        }
        // The heading of an unknown section is reported; its keys would say the same again.
        guard let id = identify(entry.section) else { return }
        guard let key = Key.find(id.section, entry.key) else {
            return report(
                entry, "is not a key of this section", remedy: remedy(unknown: entry.key, in: id))
        }
        do throws(ValueFault) {
            let value = try key.form.read(entry.value)
            settings[id, default: [:]][key.name] = Placed(entry: entry, value: value)
        } catch {
            report(entry, error.text, remedy: error.remedy)
            settings[id, default: [:]][key.name] = Placed(entry: entry, value: nil)
        }
    }

    /// The nearest key of the section, the section that has this key, or all keys.
    private func remedy(unknown name: String, in id: SectionID) -> String {
        let names = Key.all.filter { $0.section == id.section }.map(\.name)
        let owner = Key.all.first { $0.name == name }
        if let owner { return "it belongs to [\(owner.section.title)]" }
        if let meant = NearestWord.nearest(to: name, among: names) {
            return "did you mean `\(meant)`?"
        }
        return "the keys are \(names.joined(separator: ", "))"
    }
}
