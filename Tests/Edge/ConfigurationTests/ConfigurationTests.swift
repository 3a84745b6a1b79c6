import Credentials
import Settings
import Testing

@testable import Configuration

/// Files that are right, and the values that come of them.
@Suite struct ConfigurationTests {
    @Test func theShortestFileGetsEveryDefault() throws {
        let configuration = try read(smallest)
        #expect(
            configuration
                == Configuration(
                    deviceID: "ward-7", dataDirectory: "/data", logLevel: .info,
                    statusIntervalNanoseconds: 3_600_000_000_000,
                    input: InputSettings(
                        source: .standardInput, speed: .times(1), sensor: "stdin", atEnd: .exit,
                        drainTimeoutNanoseconds: 30_000_000_000),
                    bluetooth: anyBluetooth, sensors: [],
                    alarm: AlarmSettings(
                        highBeatsPerMinute: 150, clearBeatsPerMinute: 145,
                        onsetDelayNanoseconds: 3_000_000_000),
                    ring: RingSettings(
                        sizeBytes: 67_108_864, sync: .batch,
                        syncIntervalNanoseconds: 1_000_000_000,
                        lazyIntervalNanoseconds: 30_000_000_000, whenFull: .overwrite,
                        allowsVolatile: false),
                    sinks: [
                        fileSink("file", path: "/data/file.ndjson"),
                        errorFile(path: "/data/error_message.ndjson"),
                    ]))
    }

    @Test func everyKeyArrivesInItsPlace() throws {
        let configuration = try read(everyKey)
        #expect(
            configuration
                == Configuration(
                    deviceID: "Bed_12.a:b-c", dataDirectory: "var/pulse/", logLevel: .debug,
                    statusIntervalNanoseconds: 86_400_000_000_000,
                    input: InputSettings(
                        source: .recording(path: "a file.csv", loops: true), speed: .times(2.5),
                        sensor: "Gerät 1", atEnd: .stay, drainTimeoutNanoseconds: 120_000_000_000,
                        recordingPlace: "p.conf:8: [input] recording = a file.csv"),
                    bluetooth: anyBluetooth, sensors: [],
                    alarm: lowAlarm,
                    ring: RingSettings(
                        sizeBytes: 1_610_612_736, sync: .each, syncIntervalNanoseconds: 100_000_000,
                        lazyIntervalNanoseconds: 600_000_000_000, whenFull: .refuse,
                        allowsVolatile: true),
                    sinks: [
                        SinkSettings(
                            name: "cloud", flushNanoseconds: 0, batchRecords: 1,
                            batchBytes: 5_242_880,
                            target: .kinesis(
                                ServiceSinkSettings(
                                    stream: "heart.rates_1-a", region: "cn-north-1",
                                    endpoint: try #require(
                                        Endpoint("https://kinesis.cn-north-1.amazonaws.com.cn")),
                                    certificateAuthorityFile: "/ca.pem",
                                    credentials: profileOfFile, timeoutNanoseconds: 3_000_000_000,
                                    connectTimeoutNanoseconds: 200_000_000),
                                aggregateBytes: nil)),
                        fileSink("log", path: "var/pulse/log.ndjson"),
                        errorFile(path: "var/pulse/error_message.ndjson"),
                    ]))
    }

    private var profileOfFile: CredentialSettings {
        var settings = CredentialSettings()
        settings.file = "/keys"
        settings.profile = "bedside"
        return settings
    }

    private let lowAlarm = AlarmSettings(
        highBeatsPerMinute: 120, clearBeatsPerMinute: 120, onsetDelayNanoseconds: 1_500_000_000)

    /// What holds of the radio without a section.
    private let anyBluetooth = BluetoothSettings(
        adapter: nil, anyLimit: 8, rssiLimit: nil, silenceNanoseconds: 3_000_000_000,
        frozenNanoseconds: 300_000_000_000, switchesOn: true, restartsDaemon: true,
        resetsRadio: true)

    @Test func aKinesisSinkGetsTheEndpointOfItsRegion() throws {
        let sink = try kinesis(read(smallest + kinesisSection))
        #expect(sink.endpoint.url == "https://kinesis.eu-central-1.amazonaws.com")
        #expect(sink.certificateAuthorityFile == nil)
        #expect(sink.credentials == CredentialSettings())
        #expect(sink.timeoutNanoseconds == 10_000_000_000)
        #expect(sink.connectTimeoutNanoseconds == 5_000_000_000)
    }

    @Test func plainHTTPIsTakenForLoopbackHostsWhenAllowed() throws {
        for host in ["127.0.0.1:4567", "localhost", "127.9.9.9", "[::1]:80", "LOCALHOST:1"] {
            let sink = try kinesis(
                read(
                    smallest + kinesisSection + "endpoint = http://\(host)/\nallow_http = yes\n"))
            #expect(sink.endpoint.url == "http://\(host)")
            #expect(sink.endpoint.authority == host)
            #expect(!sink.endpoint.usesTLS)
        }
    }

    @Test func theClearLimitFollowsTheHighLimit() throws {
        #expect(try read(smallest + "[alarm]\nhigh = 100\n").alarm.clearBeatsPerMinute == 95)
        #expect(try read(smallest + "[alarm]\nhigh = 30\n").alarm.clearBeatsPerMinute == 25)
    }

    @Test func speedIsANumberOrMax() throws {
        let speed = { (text: String) in try read(smallest + "speed = \(text)\n").input.speed }
        #expect(try speed("max") == .maximum)
        #expect(try speed("0.1") == .times(0.1))
        #expect(try speed("10000") == .times(10_000))
    }

    @Test func eightSinksAreTakenInTheirOrder() throws {
        let sinks =
            (1...8).map { "[sink s\(9 - $0)]\ntype = file\n" }.joined() + "takes = all\n"
        #expect(
            try read(smallest + sinks).sinks.map(\.name) == (1...8).map { "s\(9 - $0)" })
    }

    @Test func aSinkThatTakesErrorsTakesThePlaceOfTheFile() throws {
        for (word, takes) in [("errors", SinkSettings.Takes.errors), ("all", .all)] {
            let sinks = try read(
                smallest + "[sink a]\ntype = file\n[sink b]\ntype = file\ntakes = \(word)\n"
            ).sinks
            #expect(sinks.map(\.name) == ["a", "b"])
            #expect(sinks.map(\.takes) == [.records, takes])
        }
    }

    @Test func formsGetAFileWhereTheyMayComeAndNoSinkTakesThem() throws {
        let server = smallest + "[http]\ningest = on\n"
        let sinks = try read(server).sinks
        #expect(sinks.map(\.name) == ["file", "error_message", "patient_stats"])
        #expect(sinks.map(\.takes) == [.records, .errors, .patientStats])
        guard case .file(let file) = sinks[2].target else {
            Issue.record("it is a file")
            return
        }
        #expect(file.path.hasSuffix("/patient_stats.ndjson"))
        #expect(file.rotateSizeBytes == 16 << 20 && file.rotateKeep == 8)
        for word in ["patient_stats", "all"] {
            let own = "[sink a]\ntype = file\n[sink b]\ntype = file\ntakes = \(word)\n"
            let names = try read(server + own).sinks.map(\.name)
            #expect(names == (word == "all" ? ["a", "b"] : ["a", "b", "error_message"]))
        }
        #expect(try read(smallest + "[http]\n").sinks.count == 2)
    }

    @Test func aSinkKeepsTheOrderUnlessItSaysOtherwise() throws {
        for (lines, order, rate) in [
            ("", .oldestFirst, nil), ("drain_rate = 50\n", .oldestFirst, 50),
            ("order = oldest_first\n", .oldestFirst, nil),
            ("order = newest_first\n", .newestFirst, 200),
            ("order = newest_first\ndrain_rate = 1\n", .newestFirst, 1),
        ] as [(String, SinkSettings.Order, Int?)] {
            let sink = try read(smallest + "[sink a]\ntype = file\n" + lines).sinks[0]
            #expect(sink.order == order && sink.drainRate == rate)
        }
    }

    @Test func everyTypeOfSinkIsRead() throws {
        let sinks = try read(smallest + everySink).sinks
        let endpoint = { (text: String) in try #require(Endpoint(text)) }
        let service = { (stream: String, region: String, url: String) in
            ServiceSinkSettings(
                stream: stream, region: region, endpoint: try endpoint(url),
                credentials: CredentialSettings(), timeoutNanoseconds: 10_000_000_000,
                connectTimeoutNanoseconds: 5_000_000_000)
        }
        #expect(sinks.map(\.compresses) == [false, false, false, false, false, false, true, false])
        #expect(
            sinks.map(\.target) == [
                .kinesis(
                    try service("hr", "eu-central-1", "https://kinesis.eu-central-1.amazonaws.com"),
                    aggregateBytes: 100_000),
                .firehose(
                    try service(
                        "to-s3", "cn-north-1", "https://firehose.cn-north-1.amazonaws.com.cn")),
                .openSearch(
                    try service("heart_rate", "eu-west-1", "https://search.example.org"),
                    .signed(serverless: false), putsTemplate: true),
                .openSearch(
                    try service("hr-2", "eu-west-1", "https://x.aoss.example.org"),
                    .signed(serverless: true), putsTemplate: false),
                .openSearch(
                    try service("heart_rate", "", "https://s:9200"),
                    .user(name: "gym", passwordFile: "/password"), putsTemplate: false),
                .openSearch(
                    try service("heart_rate", "", "https://open:9200"), .open,
                    putsTemplate: false),
                .http(
                    CollectorSettings(
                        endpoint: try endpoint("https://c:8443"), path: "/v1/in?x=1",
                        tokenFile: "/token", timeoutNanoseconds: 1_000_000_000,
                        connectTimeoutNanoseconds: 5_000_000_000)),
                .file(
                    FileSinkSettings(
                        path: "/data/error_message.ndjson", rotateSizeBytes: 1_048_576,
                        rotateKeep: 1)),
            ])
    }

    @Test func theRangesIncludeTheirEnds() throws {
        for key in Key.all {
            let ends: [String]
            switch key.form {
            case .count(let range, _): ends = ["\(range.lowerBound)", "\(range.upperBound)"]
            case .duration(let range):
                ends = [range.lowerBound, range.upperBound].map {
                    Quantity.text($0, units: Quantity.durations)
                }
            case .size(let range):
                ends = [range.lowerBound, range.upperBound].map {
                    Quantity.text($0, units: Quantity.sizes)
                }
            default: continue
            }
            for end in ends { _ = try key.form.read(end) }
        }
    }
}

/// Drop-ins over the main file.
@Suite struct DropInTests {
    @Test func aDropInOverridesKeyByKey() throws {
        let configuration = try read(
            smallest + "[alarm]\nhigh = 140\nonset_delay = 1s\n", "[alarm]\nhigh = 130\n",
            "[alarm]\nhigh = 120\n")
        #expect(configuration.alarm.highBeatsPerMinute == 120)
        #expect(configuration.alarm.onsetDelayNanoseconds == 1_000_000_000)
    }

    @Test func aDropInAddsASinkAndCompletesAnother() throws {
        let configuration = try read(
            smallest + "[sink a]\nflush = 2s\n", "[sink b]\ntype = file\n[sink a]\ntype = file\n")
        #expect(configuration.sinks.map(\.name) == ["a", "b", "error_message"])
        #expect(configuration.sinks.first?.flushNanoseconds == 2_000_000_000)
    }

    @Test func whatADropInOverridesMustBeRightAllTheSame() {
        expect(
            "[alarm]\nhigh = 1000\n", dropIn: "[alarm]\nhigh = 120\n",
            "p.conf:6: [alarm] high = 1000: is above the range; "
                + "write a number from 30 to 300 (beats per minute)")
    }

    @Test func problemsAreInTheOrderOfTheFiles() {
        expect(
            "a = 1\n[alarm]\nclear = 170\nhigh = x\n[ring]\nsize = 1\n",
            dropIn: "junk\n[alarm]\nhigh = 160\n[sink s]\n",
            """
            p.conf:5: [input] a = 1: is not a key of this section; \
            the keys are type, recording, speed, sensor, loop, at_end, drain_timeout
            p.conf:7: [alarm] clear = 170: is above `high`, which is 160; \
            write a number from 25 to 160
            p.conf:8: [alarm] high = x: is not a whole number; \
            write a number from 30 to 300 (beats per minute)
            p.conf:10: [ring] size = 1: has no unit; \
            add `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`
            p.conf.d/1.conf:1: junk: is no setting, heading or comment; \
            write `key = value`, or begin it with `#`
            p.conf.d/1.conf:4: [sink s] type: is missing; add `type = file|kinesis|firehose|opensearch|http` to [sink s]
            """)
    }
}

/// Every key once, none with its default.
private let everyKey = """
    [gateway]
    device_id = Bed_12.a:b-c
    data = var/pulse/
    log = debug
    status_interval = 24h
    [input]
    type = recording
    recording = a file.csv
    speed = 2.5
    sensor = Gerät 1
    loop = yes
    at_end = stay
    drain_timeout = 2 min
    [alarm]
    high = 120
    clear = 120
    onset_delay = 1.5s
    [ring]
    size = 1.5GiB
    sync = each
    sync_interval = 100ms
    lazy_interval = 10min
    when_full = refuse
    allow_volatile = yes
    [sink cloud]
    type = kinesis
    flush = 0s
    batch_records = 1
    batch_bytes = 5MiB
    stream = heart.rates_1-a
    region = cn-north-1
    ca_file = /ca.pem
    profile = bedside
    credentials_file = /keys
    timeout = 3s
    connect_timeout = 200ms
    [sink log]
    type = file
    """

/// Every type of sink that goes over the network.
private let everySink = """
    [sink k]
    type = kinesis
    stream = hr
    region = eu-central-1
    aggregate = yes
    aggregate_bytes = 100kB
    [sink f]
    type = firehose
    stream = to-s3
    region = cn-north-1
    [sink o]
    type = opensearch
    endpoint = https://search.example.org
    region = eu-west-1
    template = yes
    [sink s]
    type = opensearch
    endpoint = https://x.aoss.example.org
    region = eu-west-1
    access = serverless
    index = hr-2
    [sink u]
    type = opensearch
    endpoint = https://s:9200
    access = user
    user = gym
    password_file = /password
    [sink p]
    type = opensearch
    endpoint = https://open:9200
    access = open
    [sink h]
    type = http
    url = https://c:8443/v1/in?x=1
    token_file = /token
    timeout = 1s
    compress = gzip
    """

/// What is required and nothing else, in four lines; what follows it stands in `[input]`.
let smallest = "[gateway]\ndata = /data\n[input]\ntype = stdin\n"

let kinesisSection = "[sink cloud]\ntype = kinesis\nstream = hr\nregion = eu-central-1\n"

/// The main file `p.conf` and its drop-ins `p.conf.d/1.conf`, ...
func read(
    _ main: String, _ dropIns: String..., hostName: String = "ward-7"
) throws(ConfigurationError) -> Configuration {
    var documents = [SettingsDocument.parse(Array(main.utf8), file: "p.conf")]
    for (index, text) in dropIns.enumerated() {
        documents.append(.parse(Array(text.utf8), file: "p.conf.d/\(index + 1).conf"))
    }
    return try Configuration.read(documents, hostName: hostName)
}

func fileSink(_ name: String, path: String) -> SinkSettings {
    SinkSettings(
        name: name, flushNanoseconds: 1_000_000_000, batchRecords: 500, batchBytes: 524_288,
        target: .file(
            FileSinkSettings(path: path, rotateSizeBytes: 16_777_216, rotateKeep: 8)))
}

/// The sink that takes errors when no other does.
func errorFile(path: String) -> SinkSettings {
    SinkSettings(
        name: "error_message", takes: .errors, flushNanoseconds: 1_000_000_000, batchRecords: 100,
        batchBytes: 65_536,
        target: .file(FileSinkSettings(path: path, rotateSizeBytes: 1_048_576, rotateKeep: 1)))
}

/// What `read` says of the smallest file with `rest` behind it is exactly `words`.
func expect(
    _ rest: String, dropIn: String? = nil, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let error = #expect(throws: ConfigurationError.self, sourceLocation: sourceLocation) {
        if let dropIn { try read(smallest + rest, dropIn) } else { try read(smallest + rest) }
    }
    #expect(error?.description == words, sourceLocation: sourceLocation)
}

func kinesis(_ configuration: Configuration) throws -> ServiceSinkSettings {
    guard case .kinesis(let sink, _) = configuration.sinks.first?.target else {
        throw ConfigurationError(problems: [])
    }
    return sink
}
