import Bytes
import Linux
import RecordRing
import Time
import WireFormat

/// Which records are wanted.
struct RingSelection {
    /// Wall clock at arrival, microseconds since 1970: from the first on, up to before the second.
    var from = Int64.min
    var to = Int64.max
    var sensor: SensorName?
    /// Only what this sink has not acknowledged.
    var sink: SinkTail?
    /// Only the alarm log.
    var isAlarmLog = false

    func takes(_ record: Record) -> Bool {
        let time = record.time.wallMicroseconds
        guard time >= from, time < to else { return false }
        if isAlarmLog {
            guard case .alarm = record.payload else { return false }
        }
        if let sensor {
            // A gap record has the name of a sink, and so has an alarm of one; that of a post is
            // a patient's.
            if case .gap = record.payload { return false }
            if record.payload.isPosted { return false }
            if case .alarm(let note) = record.payload, note.isAboutSink { return false }
            guard record.sensor == sensor else { return false }
        }
        return sink?.lacks(record.sequence) ?? true
    }
}

/// What a walk through the records has seen.
struct RingWalk {
    var count: UInt64 = 0
    var first: Record?
    var last: Record?
    /// Slots between the oldest and the newest record that cannot be read.
    var unreadable: UInt64 = 0
    /// Records there that only a newer version can read.
    var unknown: UInt64 = 0

    /// Goes through the records in the order of their sequences, up to the last one that was
    /// there when the survey was made.
    static func records(
        of reader: inout RingReader, _ survey: RingSurvey, _ selection: RingSelection,
        _ body: (Record) throws(SystemError) -> Void
    ) throws(SystemError) -> RingWalk {
        var walk = RingWalk()
        let geometry = reader.geometry
        let oldest = min(survey.cursor.oldest, survey.wholeEnd)
        try reader.forEachSequence(in: oldest..<survey.wholeEnd) {
            (sequence, bytes) throws(SystemError) in
            let slot = sequence % geometry.slotCount
            switch SlotContent(of: bytes, slot: slot, geometry: geometry) {
            case .empty: return
            case .unreadable(.unknown): walk.unknown += 1
            case .unreadable: walk.unreadable += 1
            case .record(let record):
                // A record of another round: never written, or overwritten since the survey.
                guard record.sequence == sequence, selection.takes(record) else { return }
                walk.count += 1
                if walk.first == nil { walk.first = record }
                walk.last = record
                try body(record)
            }
        }
        return walk
    }

    /// Says on standard error what could not be read.
    func warn(_ tool: String) {
        if unknown > 0 {
            Console.error(
                "ring \(tool): \(RingText.count(unknown, "record")) passed over, which only a "
                    + "newer pulsegate can read")
        }
        guard unreadable > 0 else { return }
        Console.error(
            "ring \(tool): \(RingText.count(unreadable, "slot")) cannot be read; "
                + "`pulsegate ring fsck` says which")
    }
}

/// `pulsegate ring dump`: the records on standard output, as lines of JSON or CSV.
enum RingDump {
    private enum Format { case json, csv }

    /// Bytes that go to standard output at a time.
    private static let bufferBytes = 256 << 10

    static func run(_ line: Options) throws(SetupError) -> Int32 {
        try run(line, isAlarmLog: false)
    }

    /// With `isAlarmLog` the records of alarms alone.
    static func run(_ line: Options, isAlarmLog: Bool) throws(SetupError) -> Int32 {
        let place = try RingPlace(line)
        let format: Format
        switch line.values["format"] {
        case nil, "ndjson": format = .json
        case "csv": format = .csv
        case .some(let name): throw SetupError("--format \(name): write ndjson or csv")
        }
        var selection = try Self.selection(line)
        selection.isAlarmLog = isAlarmLog
        var reader = try place.open()
        let survey = try SetupError.ring { () throws(RingReaderError) in try reader.survey() }
        if let name = line.values["sink"] {
            selection.sink = try sinkTail(name, survey, place.path)
        }
        let device = Array(place.device.utf8)
        var lines = FixedBuffer(capacity: bufferBytes)
        if format == .csv { lines.appendCSVHeader() }
        do throws(SystemError) {
            let walk = try RingWalk.records(of: &reader, survey, selection) {
                (record) throws(SystemError) in
                switch format {
                case .json: lines.append(json: record, device: device.span)
                case .csv: lines.append(csv: record, device: device.span)
                }
                if lines.room < NewFile.lineBytesMax { try flush(&lines) }
            }
            try flush(&lines)
            walk.warn("dump")
            return ExitStatus.success
        } catch {
            throw SetupError("\(error)")
        }
    }

    private static func flush(_ lines: inout FixedBuffer) throws(SystemError) {
        precondition(!lines.overflowed, "a line has 4 KiB at most")
        try FileDescriptor.write(lines.bytes, to: 1, subject: "standard output")
        lines.removeAll()
    }

    private static func selection(_ line: Options) throws(SetupError) -> RingSelection {
        var selection = RingSelection()
        let now = Clock.now().wallMicroseconds
        selection.from = try time(line, "from", now) ?? selection.from
        selection.to = try time(line, "to", now) ?? selection.to
        if let text = line.values["sensor"] {
            guard let name = SensorName(text) else {
                throw SetupError("--sensor: a name has \(SensorName.limit) bytes at most")
            }
            selection.sensor = name
        }
        return selection
    }

    private static func time(
        _ line: Options, _ name: String, _ now: Int64
    ) throws(SetupError) -> Int64? {
        guard let text = line.values[name] else { return nil }
        do throws(TimeTextError) {
            return try TimeReader.instant(text, now: now)
        } catch {
            let reason =
                switch error {
                case .notATime: "not a time"
                case .noZone: "it does not say that it is in UTC; add Z"
                case .noSuchTime: "there is no such day or time of day"
                case .outOfRange: "not within the years 1 to 9999"
                }
            throw SetupError(
                "--\(name) \(text): \(reason); write it as in 2025-07-15T17:10:33Z, 2025-07-15 "
                    + "or, back from now, -2h, -30min, -1d12h")
        }
    }

    /// How far this sink has come, by the younger head record.
    private static func sinkTail(
        _ name: String, _ survey: RingSurvey, _ path: String
    ) throws(SetupError) -> SinkTail {
        guard let head = survey.head else {
            throw SetupError(
                "\(path): no head record can be read, so what \(name) has is not known; dump "
                    + "without --sink")
        }
        if let sink = SensorName(name), let tail = head.sinkTail(of: sink) { return tail }
        let names = (0..<head.sinkCount).map { String(decoding: head[$0].sink.bytes) }
        throw SetupError(
            "--sink \(name): the ring knows "
                + (names.isEmpty ? "no sink yet" : names.joined(separator: ", ")))
    }
}

/// `pulsegate ring export FILE`: everything that can be read, as lines of JSON, in a new file
/// that is on the card when the command ends.
enum RingExport {
    static func run(_ line: Options) throws(SetupError) -> Int32 {
        let place = try RingPlace(line)
        let path = line.operands[0]
        let replaces = line.values["force"] != nil
        var reader = try place.open()
        if Path.exists(path) && !replaces {
            throw SetupError("\(path): is there already; --force replaces it")
        }
        let survey = try SetupError.ring { () throws(RingReaderError) in try reader.survey() }
        var file = try SetupError.wrap { () throws(SystemError) in
            try NewFile.create(path, replacing: replaces)
        }
        do throws(SystemError) {
            let walk = try write(&reader, survey, device: Array(place.device.utf8), to: &file)
            say(walk, path)
            return ExitStatus.success
        } catch {
            try SetupError.wrap { () throws(SystemError) in try file.abandon() }
            throw SetupError("\(error); nothing was exported")
        }
    }

    private static func write(
        _ reader: inout RingReader, _ survey: RingSurvey, device: [UInt8], to file: inout NewFile
    ) throws(SystemError) -> RingWalk {
        let walk = try RingWalk.records(of: &reader, survey, RingSelection()) {
            (record) throws(SystemError) in
            file.lines.append(json: record, device: device.span)
            try file.flushWhenFull()
        }
        try file.finish()
        return walk
    }

    private static func say(_ walk: RingWalk, _ path: String) {
        walk.warn("export")
        guard let first = walk.first, let last = walk.last else {
            return Console.line("\(path): no record")
        }
        Console.line(
            "\(path): \(RingText.count(walk.count, "record")), sequences \(first.sequence) to "
                + "\(last.sequence), \(RingText.time(first.time.wallMicroseconds)) to "
                + RingText.time(last.time.wallMicroseconds))
    }
}
