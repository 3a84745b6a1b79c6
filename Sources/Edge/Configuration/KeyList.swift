extension Key {
    private static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000
    static let minute: Int64 = 60 * second

    /// Every key, in the order of the reference.
    static let all: [Key] =
        gateway + watchdog + input + bluetooth + sensor + alarm + output + button + ring + http
        + sink
        + fileSink
        + serviceSink
        + credentials

    private static let gateway: [Key] = [
        Key(
            .gateway, "device_id",
            .text(deviceIDRule, name: "NAME"), .derived("the host name"),
            "Names this gateway in every record and in every request."),
        Key(
            .gateway, "data", .path(name: "DIRECTORY"), .required,
            "Where the ring file and the files of sinks are kept."),
        Key(
            .gateway, "runtime", .path(name: "DIRECTORY"),
            .derived(
                "`$RUNTIME_DIRECTORY`, or `/run/pulsegate` for `/var/lib/pulsegate`, else `data`"),
            "Where the socket `control` lies, by which `pulsegate alarm` reaches the gateway."),
        Key(
            .gateway, "log", .choice(LogLevel.allCases.map(\.rawValue)), .value("info"),
            "The least important messages that are still written."),
        Key(
            .gateway, "status_interval", .duration(second...24 * 60 * minute), .value("1h"),
            "How often the log says how it goes: records, sinks, and what the card had to do."),
        Key(
            .gateway, "memory", .size(8 << 20...4 << 30), .value("64MiB"),
            "What the process may take. Above it, it ends in good order and is started again; "
                + "the unit's `MemoryMax` is this and 32 MiB."),
        Key(
            .gateway, "pin", .text(pinRule, name: "DIGITS"), .absent("nobody is asked"),
            "What the console asks for before it changes anything."),
    ]

    private static let watchdog: [Key] = [
        Key(
            .watchdog, "loop", .duration(100 * millisecond...minute), .value("5s"),
            "How long one turn of the loop may take before the service manager's watchdog is "
                + "not fed."),
        Key(
            .watchdog, "bus", .duration(second...60 * minute), .value("1min"),
            "The same for what is due on the bus of BlueZ."),
        Key(
            .watchdog, "ring", .duration(second...60 * minute), .value("5min"),
            "The same for one write or read of the ring file: cheap cards stall for seconds."),
        Key(
            .watchdog, "alarm", .duration(100 * millisecond...minute), .value("5s"),
            "The same for what is due at lamps and buzzers."),
        Key(
            .watchdog, "uplink", .duration(second...60 * minute), .value("15min"),
            "The same for one request of a sink, which has its own, shorter `timeout`."),
    ]

    private static let input: [Key] = [
        Key(
            .input, "type", .choice(["bluetooth", "recording", "stdin"]), .required,
            "Where measurements come from: sensors in range, a file, or lines of hexadecimal."),
        Key(
            .input, "recording", .path(name: "FILE"), .required, types: ["recording"],
            "The recording that is played."),
        Key(
            .input, "speed", .speed, .value("1"),
            "How many times faster than real time; `max` does not wait at all."),
        Key(
            .input, "sensor", .text(anyText(1...23), name: "NAME"), .derived("the value of `type`"),
            types: ["recording", "stdin"], "Names the sensor in every record."),
        Key(
            .input, "loop", .yesOrNo, .value("no"), types: ["recording"],
            "Begins the recording again at its end."),
        Key(
            .input, "at_end", .choice(InputSettings.AtEnd.allCases.map(\.rawValue)),
            .value("exit"),
            "At the end of the input: `exit` once the sinks have everything, or `stay`."),
        Key(
            .input, "drain_timeout", .duration(0...60 * minute), .value("30s"),
            "How long an exit waits for the sinks."),
    ]

    private static let bluetooth: [Key] = [
        Key(
            .bluetooth, "adapter", .text(adapterRule, name: "hci0"), .absent("the first"),
            "The radio, by BlueZ's name for it."),
        Key(
            .bluetooth, "any", .count(0...56, unit: "sensors"),
            .derived("8 without any [sensor NAME], else 0"),
            "How many heart rate sensors are taken that no [sensor NAME] names."),
        Key(
            .bluetooth, "rssi", .count(-127...20, unit: "dBm"), .absent("any strength"),
            "Sensors that are received more weakly are left alone."),
        Key(
            .bluetooth, "silence", .duration(second...5 * minute), .value("3s"),
            "A sensor that streams is looked after when it has been silent for this, or for "
                + "three of its usual intervals if that is longer."),
        Key(
            .bluetooth, "frozen", .duration(0...60 * minute), .value("5min"),
            "A heart rate that stays the same without RR intervals for this long is not taken "
                + "for one any more; `0s` is never."),
        Key(
            .bluetooth, "power_on", .yesOrNo, .value("yes"),
            "Switches an adapter on that is off, and unblocks it (rfkill). With `no` one that "
                + "somebody switched off or blocked stays so until somebody switches it on."),
        Key(
            .bluetooth, "restart_bluetoothd", .yesOrNo, .value("yes"),
            "Restarts bluetooth.service when nothing milder has helped."),
        Key(
            .bluetooth, "reset_radio", .yesOrNo, .value("yes"),
            "Blocks and unblocks the radio (rfkill) when nothing milder has helped."),
    ]

    private static let sensor: [Key] = [
        Key(
            .sensor, "address", .text(addressRule, name: "C0:00:00:00:00:01"),
            .absent("any address"),
            "The sensor with this Bluetooth address; not for one that changes its address."),
        Key(
            .sensor, "name", .text(anyText(1...32), name: "PATTERN"), .absent("any name"),
            "Sensors whose name is this; `*` stands for any characters, as in `Polar H10 *`."),
        Key(
            .sensor, "service", .choice(SensorSettings.Service.allCases.map(\.rawValue)),
            .value("heart_rate"),
            "What the sensor must offer."),
        Key(
            .sensor, "rssi", .count(-127...20, unit: "dBm"), .derived("as in [bluetooth]"),
            "A sensor that is received more weakly is left alone."),
        Key(
            .sensor, "high", .count(30...300, unit: "beats per minute"),
            .derived("as in [alarm]"),
            "A heart rate of this sensor strictly above it is an alarm condition."),
        Key(
            .sensor, "clear", .count(25...300, unit: "beats per minute"),
            .derived("5 below its own `high`, else as in [alarm]"),
            "A raised alarm of this sensor clears strictly below it. At most `high`."),
        Key(
            .sensor, "low", .count(20...300, unit: "beats per minute"),
            .derived("as in [alarm]"),
            "A heart rate of this sensor strictly below it is an alarm condition too."),
        Key(
            .sensor, "low_clear", .count(20...310, unit: "beats per minute"),
            .derived("5 above its own `low`, else as in [alarm]"),
            "A raised low alarm of this sensor clears strictly above it."),
        Key(
            .sensor, "onset_delay", .duration(0...minute), .derived("as in [alarm]"),
            "How long the condition must hold before the alarm is raised."),
    ]

    private static let alarm: [Key] = [
        Key(
            .alarm, "high", .count(30...300, unit: "beats per minute"), .value("150"),
            "A heart rate strictly above it is an alarm condition."),
        Key(
            .alarm, "clear", .count(25...300, unit: "beats per minute"),
            .derived("5 below `high`"),
            "A raised alarm clears strictly below it. At most `high`."),
        Key(
            .alarm, "low", .count(20...300, unit: "beats per minute"), .absent("no such alarm"),
            "A heart rate strictly below it is an alarm condition too."),
        Key(
            .alarm, "low_clear", .count(20...310, unit: "beats per minute"),
            .derived("5 above `low`"),
            "A raised low alarm clears strictly above it. At least `low`."),
        Key(
            .alarm, "onset_delay", .duration(0...minute), .value("3s"),
            "How long the condition must hold before the alarm is raised."),
        Key(
            .alarm, "pause", .duration(10 * second...10 * minute), .value("2min"),
            "How long acknowledging an alarm pauses its sound."),
        Key(
            .alarm, "sensor_lost", .duration(3 * second...10 * minute), .value("10s"),
            "A sensor that sent values is lost when it has been silent for this."),
        Key(
            .alarm, "self_test", .yesOrNo, .value("yes"),
            "Plays one burst on every output at the start."),
    ]

    private static let output: [Key] = [
        Key(
            .output, "type", .choice(OutputSettings.Kind.allCases.map(\.rawValue)), .required,
            "What it is: a line of a GPIO chip, an LED of the kernel, a PWM channel (a buzzer "
                + "that plays a note), a terminal's bell, or a file with a line for each change."),
        Key(
            .output, "shows", .choice(OutputSettings.Shows.allCases.map(\.rawValue)), .required,
            "An `alarm` lamp, a `status` lamp (how the gateway is), one lamp for `both`, or "
                + "`sound`."),
        Key(
            .output, "chip", .text(anyText(1...31), name: "LABEL"), .required, types: ["gpio"],
            "The label of the GPIO chip, or its name; `pulsegate board detect` lists them."),
        Key(
            .output, "line", .text(anyText(1...31), name: "LINE"), .required, types: ["gpio"],
            "Number or name of the line."),
        Key(
            .output, "active_low", .yesOrNo, .value("no"), types: ["gpio"],
            "The lamp is on when the line is low."),
        Key(
            .output, "drive", .choice(["push_pull", "open_drain", "open_source"]),
            .value("push_pull"), types: ["gpio"],
            "How the line is driven."),
        Key(
            .output, "led", .text(anyText(1...63), name: "NAME"), .required, types: ["led"],
            "The LED's name in /sys/class/leds."),
        Key(
            .output, "pwm", .text(anyText(1...31), name: "pwmchip0/0"), .required, types: ["pwm"],
            "The chip and the channel in /sys/class/pwm."),
        Key(
            .output, "path", .path(name: "FILE"),
            .derived(
                "`/dev/tty` for `bell`, else "
                    + "`DATA/NAME.log`"), types: ["bell", "file"], "The terminal or the file."),
    ]

    private static let button: [Key] = [
        Key(
            .button, "chip", .text(anyText(1...31), name: "LABEL"), .absent("no button"),
            "The label of the GPIO chip with the button that acknowledges alarms, or its name."),
        Key(
            .button, "line", .text(anyText(1...31), name: "LINE"), .absent("no button"),
            "Number or name of its line."),
        Key(
            .button, "active_low", .yesOrNo, .value("yes"),
            "The line is low while the button is pressed."),
        Key(
            .button, "bias", .choice(["as_is", "none", "pull_up", "pull_down"]),
            .value("pull_up"), "The resistor within the chip."),
        Key(
            .button, "debounce", .duration(0...second), .value("20ms"),
            "How long a contact must be quiet before it counts again."),
    ]

    private static let ring: [Key] = [
        Key(
            .ring, "size", .size(1 << 20...16 << 30), .value("64MiB"),
            "The size of the ring file, taken at the first start."),
        Key(
            .ring, "sync", .choice(RingSettings.Sync.allCases.map(\.rawValue)), .value("batch"),
            "What is synced to the card together: a `batch` of what has arrived, or `each` "
                + "record at once."),
        Key(
            .ring, "sync_interval", .duration(100 * millisecond...10 * minute), .value("1s"),
            "How often new records are synced to the card while a sink is behind."),
        Key(
            .ring, "lazy_interval", .duration(second...10 * minute), .value("30s"),
            "How long records that a sink has acknowledged may stay unsynced."),
        Key(
            .ring, "when_full", .choice(RingSettings.WhenFull.allCases.map(\.rawValue)),
            .value("overwrite"),
            "A ring full of records that a sink still waits for: `overwrite` gives up the "
                + "oldest record, `refuse` takes no new one. Both are counted."),
        Key(
            .ring, "allow_volatile", .yesOrNo, .value("no"),
            "Takes a `data` directory that lies in memory and is gone after a power cut."),
    ]

    private static let http: [Key] = [
        Key(
            .http, "listen", .text(listenRule, name: "ADDRESS:PORT"), .value("127.0.0.1:8080"),
            "Where the live page and the API are served; without the section nowhere. All but "
                + "this machine (`127.0.0.1`, `[::1]`) needs `token_file`. Port 0 is a free one."),
        Key(
            .http, "token_file", .path(name: "FILE"), .absent("whoever is on this machine"),
            "The file with the token, one line of 16 characters or more, that whoever asks for "
                + "data or acts must know."),
        Key(
            .http, "connections", .count(4...512, unit: "connections"), .value("64"),
            "The most connections at a time."),
        Key(
            .http, "connections_per_address", .count(2...512, unit: "connections"),
            .derived("a quarter of `connections`"), "The most of them from one address."),
        Key(
            .http, "ingest", .choice(HTTPSettings.Ingest.allCases.map(\.rawValue)),
            .value("off"),
            "Whether measurements and errors are taken from other devices."),
        Key(
            .http, "metrics_heart_rate", .yesOrNo, .value("no"),
            "Whether `/metrics` says the heart rates of now: data about health, which a monitoring "
                + "system keeps for months."),
    ]

    private static let sink: [Key] = [
        Key(
            .sink, "type", .choice(SinkType.allCases.map(\.rawValue)), .required,
            "Where the records go. Without any sink there is one of type `file` named `file`."),
        Key(
            .sink, "takes", .choice(SinkSettings.Takes.allCases.map(\.rawValue)),
            .value("records"),
            "What is sent there: `records`, `errors` (what was no measurement, and what another "
                + "sink refuses for good), or `all`. Where no sink takes errors, the file "
                + "`DATA/error_message.ndjson` does: 1 MiB, put aside once."),
        Key(
            .sink, "flush", .duration(0...15 * minute), .value("1s"),
            "How long a record may wait for others to share its batch."),
        Key(
            .sink, "batch_records", .count(1...500, unit: "records"), .value("500"),
            "The most records in a batch."),
        Key(
            .sink, "batch_bytes", .size(16 << 10...5 << 20), .value("512KiB"),
            "The most bytes in a batch."),
        Key(
            .sink, "order", .choice(SinkSettings.Order.allCases.map(\.rawValue)),
            .value("oldest_first"),
            "What goes first after an outage: what was missed, in order, or with `newest_first` "
                + "the newest batch and what arrives, and behind it what was missed."),
        Key(
            .sink, "drain_rate", .count(1...1_000_000, unit: "records a second"),
            .derived("no limit; 200 with `order = newest_first`"),
            "How fast a backlog is sent at most. It holds for all records with "
                + "`order = oldest_first`, and never for the last ones before an exit."),
    ]

    private static let fileSink: [Key] = [
        Key(
            .sink, "path", .path(name: "FILE"), .derived("`DATA/NAME.ndjson`"), types: ["file"],
            "The file that is appended to, one JSON object a line."),
        Key(
            .sink, "rotate_size", .size(64 << 10...1 << 40), .value("16MiB"), types: ["file"],
            "A file that reaches this size is put aside and a new one begun."),
        Key(
            .sink, "rotate_keep", .count(1...1_000, unit: "files"), .value("8"), types: ["file"],
            "How many files that were put aside are kept."),
    ]

    private static let streams = ["kinesis", "firehose"]
    static let services = ["kinesis", "firehose", "opensearch"]
    private static let network = ["kinesis", "firehose", "opensearch", "http"]

    private static let serviceSink: [Key] = [
        Key(
            .sink, "stream", .text(streamRule, name: "NAME"), .required, types: streams,
            "The data stream, or the delivery stream."),
        Key(
            .sink, "aggregate", .yesOrNo, .value("no"), types: ["kinesis"],
            "Puts many records into one entry (the KPL's format): far fewer billed units, for "
                + "readers that know it (KCL, Firehose behind the stream)."),
        Key(
            .sink, "aggregate_bytes", .size(4 << 10...1_000 << 10), .value("50KiB"),
            types: ["kinesis"], "The most bytes in one aggregated entry."),
        Key(
            .sink, "index", .text(indexRule, name: "NAME"), .value("heart_rate"),
            types: ["opensearch"], "The index that documents are created in."),
        Key(
            .sink, "template", .yesOrNo, .value("no"), types: ["opensearch"],
            "Puts an index template for the index before the first document, so that every field "
                + "has its type; takes the permission for it."),
        Key(
            .sink, "compress", .choice(["none", "gzip"]), .value("none"),
            types: ["opensearch", "http"], "How bodies are sent: as they are, or in gzip."),
        Key(
            .sink, "region", .text(regionRule, name: "REGION"), .required, types: services,
            "The AWS region, such as `eu-central-1`; not with `access = user` or `open`."),
        Key(
            .sink, "endpoint", .endpoint,
            .derived("`https://SERVICE.REGION.amazonaws.com`; required for `opensearch`"),
            types: services,
            "The address of the service (by default with `.cn` in China). "
                + "`http://` needs `allow_http`."),
        Key(
            .sink, "access", .choice(["signed", "serverless", "user", "open"]), .value("signed"),
            types: ["opensearch"],
            "How requests are made: signed for a domain or a serverless collection, with a user "
                + "of OpenSearch, or open."),
        Key(
            .sink, "user", .text(anyText(1...128), name: "NAME"), .absent("none"),
            types: ["opensearch"], "The user of `access = user`."),
        Key(
            .sink, "password_file", .path(name: "FILE"), .absent("none"), types: ["opensearch"],
            "The file with that user's password, one line."),
        Key(
            .sink, "url", .url, .required, types: ["http"],
            "Where lines of JSON are posted to. `http://` needs `allow_http`."),
        Key(
            .sink, "token_file", .path(name: "FILE"), .absent("no token"), types: ["http"],
            "The file with the bearer token, one line."),
        Key(
            .sink, "allow_http", .yesOrNo, .value("no"), types: network,
            "Takes an `endpoint` without TLS, for loopback hosts only."),
        Key(
            .sink, "ca_file", .path(name: "FILE"), .absent("the system's"), types: network,
            "Certificate authorities that are trusted (PEM)."),
        Key(
            .sink, "timeout", .duration(100 * millisecond...10 * minute), .value("10s"),
            types: network, "How long a request may take as a whole."),
        Key(
            .sink, "connect_timeout", .duration(100 * millisecond...10 * minute), .value("5s"),
            types: network, "How long its connection may take to be made."),
    ]
}

/// The kinds of sinks: the values of `type` in `[sink NAME]`.
enum SinkType: String, CaseIterable { case file, kinesis, firehose, opensearch, http }

extension Key {
    static let deviceIDRule = TextRule(
        lengths: 1...128, characters: "A-Z a-z 0-9 . _ - :", marks: Array("._-:".utf8))
    private static let pinRule = TextRule(
        lengths: 4...12, characters: "A-Z a-z 0-9", marks: [])
    /// `StreamName` of the Kinesis API.
    private static let streamRule = TextRule(
        lengths: 1...128, characters: "A-Z a-z 0-9 _ . -", marks: Array("_.-".utf8))
    /// OpenSearch's rules for an index name ("Create index" API), without those of one character.
    private static let indexRule = TextRule(
        lengths: 1...255, characters: "a-z 0-9 . _ -", marks: Array("._-".utf8),
        upperCase: false)
    /// It becomes a part of the host name, whose labels have up to 63 bytes (RFC 1035 2.3.4).
    private static let regionRule = TextRule(
        lengths: 1...63, characters: "a-z 0-9 -", marks: Array("-".utf8), upperCase: false)
    /// A numeric address and a port: the longest is IPv6 in full, in brackets.
    private static let listenRule = TextRule(
        lengths: 3...47, characters: "0-9 a-f . : [ ]", marks: Array(".:[]".utf8),
        upperCase: false)
    /// BlueZ's name of an adapter.
    private static let adapterRule = TextRule(
        lengths: 4...6, characters: "a-z 0-9", marks: [], upperCase: false)
    /// A Bluetooth address as bluetoothctl writes it.
    private static let addressRule = TextRule(
        lengths: 17...17, characters: "0-9 A-F :", marks: Array(":".utf8))
    /// The name of a sink or a sensor in its heading.
    static let sectionNameRule = TextRule(
        lengths: 1...23, characters: "A-Z a-z 0-9 _ -", marks: Array("_-".utf8))

    static func anyText(_ lengths: ClosedRange<Int>) -> TextRule {
        TextRule(lengths: lengths, characters: "", marks: nil)
    }
}
