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
        let statusInterval = read(.gateway) { $0.number("status_interval") }
        let input = buildInput()
        let bluetooth = buildBluetooth()
        let alarm = buildAlarm()
        let sensors = buildSensors(bluetooth, alarm)
        if input.source == .bluetooth { checkThereAreSensors(bluetooth, sensors) }
        let configuration = Configuration(
            deviceID: deviceID, dataDirectory: data, logLevel: logLevel,
            statusIntervalNanoseconds: statusInterval, input: input, bluetooth: bluetooth,
            sensors: sensors,
            alarm: alarm, ring: buildRing(), sinks: buildSinks(data: data))
        checkPaths(of: configuration.sinks)
        let problems = table.sortedProblems
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return configuration
    }

    /// The names of the sections of a kind.
    func names(_ section: Key.Section) -> [String] { table.names[section] ?? [] }

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
            return AlarmSettings(
                highBeatsPerMinute: UInt16(clamping: high),
                clearBeatsPerMinute: Self.clearLimit(&section, high: high, otherwise: high - 5),
                onsetDelayNanoseconds: section.number("onset_delay"))
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
    private mutating func buildSinks(data: String) -> [SinkSettings] {
        let names = names(.sink)
        guard !names.isEmpty else {
            // No file has this section: every value is a default.
            return [read(.sink, "file") { Self.buildSink(&$0, type: "file", data: data) }]
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
        return sinks
    }

    private static func buildSink(
        _ section: inout SectionReader, type: String, data: String
    ) -> SinkSettings {
        let name = section.id.name
        let folder = data.hasSuffix("/") ? data : data + "/"
        let target: SinkSettings.Target
        if type == "kinesis" {
            target = .kinesis(buildKinesis(&section))
        } else {
            target = .file(
                FileSinkSettings(
                    path: section.text("path") ?? "\(folder)\(name).ndjson",
                    rotateSizeBytes: Int(section.number("rotate_size")),
                    rotateKeep: Int(section.number("rotate_keep"))))
        }
        return SinkSettings(
            name: name, flushNanoseconds: section.number("flush"),
            batchRecords: Int(section.number("batch_records")),
            batchBytes: Int(section.number("batch_bytes")), target: target)
    }

    private static func buildKinesis(_ section: inout SectionReader) -> KinesisSinkSettings {
        let stream = section.requiredText("stream")
        let region = section.requiredText("region")
        KinesisEndpoint.check(&section)
        return KinesisSinkSettings(
            stream: stream, region: region,
            endpoint: section.endpoint("endpoint") ?? KinesisEndpoint.standard(region: region),
            certificateAuthorityFile: section.text("ca_file"), profile: section.text("profile"),
            credentialsFile: section.text("credentials_file"),
            timeoutNanoseconds: section.number("timeout"),
            connectTimeoutNanoseconds: section.number("connect_timeout"))
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

/// Where requests of a Kinesis sink go.
private enum KinesisEndpoint {
    /// The regional endpoint of Kinesis Data Streams; regions in China have a domain of their own
    /// ("Amazon Kinesis Data Streams endpoints and quotas" in the AWS General Reference).
    static func standard(region: String) -> Endpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        guard let endpoint = Endpoint("https://kinesis.\(region).\(domain)") else {
            preconditionFailure("a region's name is fit for the name of a host")
        }
        return endpoint
    }

    /// Health data leaves the machine through TLS only; plain HTTP is for a double of the service
    /// on the same machine.
    static func check(_ section: inout SectionReader) {
        guard let endpoint = section.endpoint("endpoint"), !endpoint.usesTLS else { return }
        if !section.flag("allow_http") {
            section.refuse(
                "endpoint", "is not encrypted",
                remedy: "write `https://`, or add `allow_http = yes` for a loopback host")
        } else if !endpoint.isLoopback {
            section.refuse(
                "endpoint", "is not encrypted and not a loopback host",
                remedy: "write `https://`, or a host such as 127.0.0.1 or localhost")
        }
    }
}
