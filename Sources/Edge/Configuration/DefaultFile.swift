/// A file in the data folder for what no sink takes: nothing is dropped because nobody asked for
/// it.
struct DefaultFile {
    let name: String
    let takes: SinkSettings.Takes
    /// In words.
    let what: String
    let rotateSizeBytes: Int
    let rotateKeep: Int

    /// Errors are few where all is well: the file is small.
    static let errors = DefaultFile(
        name: Configuration.errorSinkName, takes: .errors, what: "errors",
        rotateSizeBytes: 1 << 20, rotateKeep: 1)
    /// As much as the file of measurements.
    static let patientStats = DefaultFile(
        name: Configuration.patientSinkName, takes: .patientStats, what: "patient_stats",
        rotateSizeBytes: 16 << 20, rotateKeep: 8)

    func sink(data: String) -> SinkSettings {
        SinkSettings(
            name: name, takes: takes, flushNanoseconds: 1_000_000_000,
            batchRecords: 100, batchBytes: 64 << 10,
            target: .file(
                FileSinkSettings(
                    path: "\(Self.folder(data))\(name).ndjson",
                    rotateSizeBytes: rotateSizeBytes, rotateKeep: rotateKeep)))
    }

    static func folder(_ data: String) -> String { data.hasSuffix("/") ? data : data + "/" }
}

extension ConfigurationBuilder {
    /// Adds the files of what no sink takes. `takesPosts`: other devices may post.
    mutating func addFiles(
        to sinks: [SinkSettings], data: String, takesPosts: Bool
    ) -> [SinkSettings] {
        var sinks = sinks
        for file in takesPosts ? [DefaultFile.errors, .patientStats] : [.errors] {
            if sinks.contains(where: { $0.takes == file.takes || $0.takes == .all }) { continue }
            if sinks.count == Configuration.sinkLimit { refuseLast(sinks, file) }
            refuseName(sinks, file)
            sinks.append(file.sink(data: data))
        }
        return sinks
    }

    mutating func checkThatRecordsAreTaken(_ sinks: [SinkSettings]) {
        guard !sinks.contains(where: { $0.takes == .records || $0.takes == .all }),
            let last = sinks.last
        else { return }
        read(.sink, last.name) { section in
            section.refuse(
                "takes", "leaves no sink that takes records",
                remedy: "write `all`, or add a sink that takes them")
        }
    }

    /// The ring keeps a sink's place under its name: the file has one of its own.
    private mutating func refuseName(_ sinks: [SinkSettings], _ file: DefaultFile) {
        guard sinks.contains(where: { $0.name == file.name }) else { return }
        read(.sink, file.name) { section in
            section.reportMissing(
                "takes", "is missing: this is the name of the sink for \(file.what)",
                remedy: "add `takes = \(file.takes.rawValue)` or `takes = all`, or choose another "
                    + "name")
        }
    }

    /// The ring keeps the place of 8 sinks, and the file needs one.
    private mutating func refuseLast(_ sinks: [SinkSettings], _ file: DefaultFile) {
        guard let last = sinks.last(where: { hasSection(.sink, $0.name) }) else { return }
        read(.sink, last.name) { section in
            section.reportMissing(
                "takes", "is missing: none of the \(sinks.count) sinks takes \(file.what)",
                remedy: "add `takes = all` or `takes = \(file.takes.rawValue)` to one of them, or "
                    + "keep at most \(Configuration.sinkLimit - 1)")
        }
    }

    /// A file has the section of this sink.
    private func hasSection(_ section: Key.Section, _ name: String) -> Bool {
        names(section).contains(name)
    }
}
