internal import Settings

/// Makes a configuration of a table, section by section, and checks what concerns several keys.
struct ConfigurationBuilder {
    private var table: SettingTable
    private let hostName: String

    init(_ table: SettingTable, hostName: String) {
        self.table = table
        self.hostName = hostName
    }

    mutating func build() throws(ConfigurationError) -> Configuration {
        let (deviceID, data, logLevel) = buildGateway()
        let runtime = read(.gateway) { $0.text("runtime") }
        let statusInterval = read(.gateway) { $0.number("status_interval") }
        let input = buildInput()
        let bluetooth = buildBluetooth()
        let alarm = buildAlarm()
        let sensors = buildSensors(bluetooth, alarm)
        if input.source == .bluetooth { checkThereAreSensors(bluetooth, sensors) }
        let http = buildHTTP()
        let configuration = Configuration(
            deviceID: deviceID, dataDirectory: data, runtimeDirectory: runtime,
            logLevel: logLevel,
            statusIntervalNanoseconds: statusInterval,
            memoryBytes: Int(read(.gateway) { $0.number("memory") }),
            pin: read(.gateway) { $0.text("pin") }, watchdog: buildWatchdog(), input: input,
            bluetooth: bluetooth,
            sensors: sensors,
            alarm: alarm, manners: buildManners(), outputs: buildOutputs(data: data),
            button: buildButton(), ring: buildRing(), http: http,
            sinks: buildSinks(data: data, takesPosts: http?.ingest == .on))
        checkPaths(of: configuration.sinks)
        let problems = table.sortedProblems
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return configuration
    }

    /// The names of the sections of a kind.
    func names(_ section: Key.Section) -> [String] { table.names[section] ?? [] }

    /// A file has the section.
    func hasSection(_ section: Key.Section) -> Bool { table.has(.init(section: section)) }

    /// Reads one section with `body`, and keeps what it reports.
    mutating func read<Value>(
        _ section: Key.Section, _ name: String = "", _ body: (inout SectionReader) -> Value
    ) -> Value {
        var reader = SectionReader(.init(section: section, name: name), of: table)
        let value = body(&reader)
        table = reader.table
        return value
    }

    private mutating func buildGateway() -> (String, String, LogLevel) {
        let host = hostName
        return read(.gateway) { section in
            let level = section.text("log").flatMap { LogLevel(rawValue: $0) } ?? .info
            let data = section.requiredText("data")
            if section.table.placed(section.id, "device_id") != nil {
                return (section.text("device_id") ?? "", data, level)
            }
            if !Key.deviceIDRule.takes(host) {
                section.reportMissing(
                    "device_id", "is missing, and the host name `\(host)` is not fit for it",
                    remedy: "add `device_id = NAME` with \(Key.deviceIDRule.words)")
            }
            return (host, data, level)
        }
    }

    private mutating func buildWatchdog() -> WatchdogSettings {
        read(.watchdog) { section in
            var settings = WatchdogSettings()
            settings.loop = section.number("loop")
            settings.bus = section.number("bus")
            settings.ring = section.number("ring")
            settings.alarm = section.number("alarm")
            settings.uplink = section.number("uplink")
            return settings
        }
    }

    private mutating func buildInput() -> InputSettings {
        read(.input) { section in
            let type = section.requiredText("type")
            var source = InputSettings.Source.standardInput
            if type == "recording" {
                let path = section.requiredText("recording")
                source = .recording(path: path, loops: section.flag("loop"))
            }
            if type == "bluetooth" { source = .bluetooth }
            if !type.isEmpty { section.refuseForeignKeys(type: type) }
            return InputSettings(
                source: source, speed: section.speed("speed"),
                sensor: section.text("sensor") ?? type,
                atEnd: section.text("at_end").flatMap { .init(rawValue: $0) } ?? .exit,
                drainTimeoutNanoseconds: section.number("drain_timeout"),
                recordingPlace: section.place("recording"))
        }
    }

    private mutating func buildAlarm() -> AlarmSettings {
        read(.alarm) { section in
            let high = section.number("high")
            var settings = AlarmSettings(
                highBeatsPerMinute: UInt16(clamping: high),
                clearBeatsPerMinute: Self.clearLimit(&section, high: high, otherwise: high - 5),
                lowBeatsPerMinute: nil, lowClearBeatsPerMinute: 0,
                onsetDelayNanoseconds: section.number("onset_delay"))
            Self.lowLimits(&section, of: &settings)
            return settings
        }
    }

    /// `clear` of a section whose `high` is known.
    static func clearLimit(
        _ section: inout SectionReader, high: Int64, otherwise: Int64
    ) -> UInt16 {
        guard case .number(let clear) = section.written("clear") else {
            return UInt16(clamping: otherwise)
        }
        if clear > high && high > 0 {
            section.refuse(
                "clear", "is above `high`, which is \(high)",
                remedy: "write a number from 25 to \(high)")
        }
        return UInt16(clamping: clear)
    }

    private mutating func buildRing() -> RingSettings {
        read(.ring) { section in
            RingSettings(
                sizeBytes: Int(section.number("size")),
                sync: section.text("sync").flatMap { .init(rawValue: $0) } ?? .batch,
                syncIntervalNanoseconds: section.number("sync_interval"),
                lazyIntervalNanoseconds: section.number("lazy_interval"),
                whenFull: section.text("when_full").flatMap { .init(rawValue: $0) } ?? .overwrite,
                allowsVolatile: section.flag("allow_volatile"))
        }
    }
}

extension ConfigurationBuilder {
    private mutating func buildSinks(data: String, takesPosts: Bool) -> [SinkSettings] {
        let names = names(.sink)
        guard !names.isEmpty else {
            // No file has this section: every value is a default.
            let file = read(.sink, "file") { Self.buildSink(&$0, type: "file", data: data) }
            return addFiles(to: [file], data: data, takesPosts: takesPosts)
        }
        var sinks: [SinkSettings] = []
        for name in names {
            sinks.append(
                read(.sink, name) { section in
                    let type = section.requiredText("type")
                    if !type.isEmpty { section.refuseForeignKeys(type: type) }
                    return Self.buildSink(&section, type: type, data: data)
                })
        }
        checkThatRecordsAreTaken(sinks)
        return addFiles(to: sinks, data: data, takesPosts: takesPosts)
    }

    private static func buildSink(
        _ section: inout SectionReader, type: String, data: String
    ) -> SinkSettings {
        let name = section.id.name
        let target: SinkSettings.Target
        switch SinkType(rawValue: type) {
        case .kinesis: target = SinkReader.kinesis(&section)
        case .firehose:
            target = .firehose(SinkReader.stream(&section, service: "firehose"))
            SinkReader.checkFirehoseBytes(&section)
        case .opensearch: target = SinkReader.openSearch(&section)
        case .http: target = SinkReader.http(&section)
        case .file, nil:
            target = .file(
                FileSinkSettings(
                    path: section.text("path") ?? "\(DefaultFile.folder(data))\(name).ndjson",
                    rotateSizeBytes: Int(section.number("rotate_size")),
                    rotateKeep: Int(section.number("rotate_keep"))))
        }
        let order =
            section.text("order").flatMap { SinkSettings.Order(rawValue: $0) }
            ?? .oldestFirst
        return SinkSettings(
            name: name, takes: section.text("takes").flatMap { .init(rawValue: $0) } ?? .records,
            flushNanoseconds: section.number("flush"),
            batchRecords: Int(section.number("batch_records")),
            batchBytes: Int(section.number("batch_bytes")),
            order: order, drainRate: drainRate(section, order),
            compresses: section.text("compress") == "gzip", target: target)
    }

    /// Where fresh records go first, their backlog leaves most of a shard (1,000 records a second)
    /// to them and to other gateways: at 200 a second a day of eight straps takes an hour.
    private static func drainRate(
        _ section: SectionReader, _ order: SinkSettings.Order
    ) -> Int? {
        if case .number(let rate) = section.written("drain_rate") { return Int(rate) }
        return order == .newestFirst ? 200 : nil
    }

    /// Notes whose `value` it is. Refuses the `key` of a section that has another's.
    mutating func own<Value: Hashable>(
        _ value: Value, by name: String, _ section: Key.Section, key: String,
        _ owners: inout [Value: String]
    ) {
        if let owner = owners[value] {
            read(section, name) { reader in
                reader.refuse(
                    key, "is that of [\(section.rawValue) \(owner)] too",
                    remedy: "give each \(section.rawValue) its own")
            }
        }
        owners[value] = name
    }

    /// Two sinks that append to one file would rotate it under each other.
    private mutating func checkPaths(of sinks: [SinkSettings]) {
        var owners: [String: String] = [:]
        for sink in sinks {
            guard case .file(let file) = sink.target else { continue }
            if let owner = owners[file.path] {
                read(.sink, sink.name) { section in
                    let text = "`\(file.path)` is the file of [sink \(owner)] too"
                    let remedy = "give each sink its own `path`"
                    if section.written("path") != nil {
                        section.refuse("path", text, remedy: remedy)
                    } else {
                        section.reportMissing("path", text, remedy: remedy)
                    }
                }
            }
            owners[file.path] = sink.name
        }
    }
}
