import Bytes
import Linux
import RecordRing
import Time

/// `pulsegate ring stat`: what the ring holds, how far each sink is, what the card has done.
enum RingStat {
    /// Sensors for which the capacity is said: one strap, a small ward, a gym.
    static let sensorCounts: [UInt64] = [1, 8, 50]
    /// Cards of more terabytes written are not sold.
    private static let terabytesMax = 100_000.0

    static func run(_ line: Options) throws(SetupError) -> Int32 {
        let place = try RingPlace(line)
        let terabytes = try Self.terabytes(line)
        let sensors = try Self.sensors(line)
        var reader = try place.open()
        let survey = try SetupError.ring { () throws(RingReaderError) in try reader.survey() }
        let check = try SetupError.wrap { () throws(SystemError) in
            try reader.check(survey) { _ in }
        }
        say("ring", place.path)
        say(
            "size",
            "\(reader.geometry.fileBytes) bytes: "
                + "\(RingText.count(reader.geometry.slotCount, "slot")) of "
                + "\(Record.slotBytes) bytes")
        if let fault = RingText.fault(ofFile: reader) { say("", fault) }
        say("storage", StorageText.text(try SetupError.storage(of: place.folder)))
        sayRecords(check, reader.geometry)
        sayDamage(survey, check)
        saySinks(survey)
        sayWear(survey, check, birth: reader.birth, terabytes)
        sayCapacity(reader.geometry, sensors)
        return ExitStatus.success
    }

    private static func say(_ label: String, _ text: String) {
        let blanks = String(repeating: " ", count: max(1, 10 - label.utf8.count))
        Console.line("\(label)\(blanks)\(text)")
    }

    private static func terabytes(_ line: Options) throws(SetupError) -> Double {
        guard let text = line.values["card-terabytes-written"] else {
            return CardLife.terabytesWritten
        }
        guard let value = Double(text), value > 0, value <= terabytesMax else {
            throw SetupError(
                "--card-terabytes-written \(text): give terabytes, more than 0 and at most "
                    + "100000, as in --card-terabytes-written 30")
        }
        return value
    }

    private static func sensors(_ line: Options) throws(SetupError) -> [UInt64] {
        guard let text = line.values["sensors"] else { return sensorCounts }
        guard let count = UInt64(text), count >= 1, count <= 1_000_000 else {
            throw SetupError("--sensors \(text): give a number from 1 to 1000000")
        }
        return [count]
    }

    private static func sayRecords(_ check: RingCheck, _ geometry: RingGeometry) {
        let share = Double(check.wholeCount) / Double(geometry.slotCount)
        say("records", "\(check.wholeCount), \(RingText.percent(share)) of the slots")
        if let oldest = check.oldest { say("oldest", text(oldest)) }
        if let newest = check.newest { say("newest", text(newest)) }
    }

    private static func text(_ record: Record) -> String {
        let time = record.time.wallMicroseconds
        let age = Double(Clock.now().wallMicroseconds) / 1e6 - Double(time) / 1e6
        let words =
            age >= 0
            ? "\(RingText.duration(seconds: age)) ago"
            : "\(RingText.duration(seconds: -age)) in the future"
        let clock = record.clock == .synced ? "" : ", by a clock that nothing had set"
        return "sequence \(record.sequence), \(RingText.time(time)), \(words)\(clock)"
    }

    private static func sayDamage(_ survey: RingSurvey, _ check: RingCheck) {
        say("slots", RingText.counts(check))
        let damaged = survey.isHeadDamaged
        let names = (damaged.a ? ["A"] : []) + (damaged.b ? ["B"] : [])
        if !names.isEmpty { say("", "head record \(names.joined(separator: " and ")) damaged") }
    }

    private static func saySinks(_ survey: RingSurvey) {
        guard let head = survey.head else { return say("sinks", "none known") }
        let cursor = survey.cursor
        for index in 0..<head.sinkCount {
            let kept = head[index]
            let (waiting, lost) = kept.owed(by: cursor)
            say(
                "sink",
                "\(String(decoding: kept.sink.bytes)): tail \(kept.tail), \(waiting) waiting"
                    + (lost > 0 ? ", \(lost) overwritten before it had them" : ""))
        }
        if head.sinkCount == 0 { say("sinks", "none yet") }
    }

    /// What the card was asked to do, and how long it lasts at that rate.
    private static func sayWear(
        _ survey: RingSurvey, _ check: RingCheck, birth: Int64?, _ terabytes: Double
    ) {
        guard let wear = survey.head?.wear else { return say("wear", "not known") }
        let longest = Double(wear.longestSyncMicroseconds) / 1_000
        say(
            "wear",
            "\(RingText.bytes(Double(wear.bytesWritten))) written, "
                + "\(RingText.count(wear.syncs, "fdatasync")), the longest "
                + "\(RingText.oneDecimal(longest)) ms")
        saySyncTimes(wear.syncTimes)
        let seconds = lifeSeconds(check, birth: birth)
        guard
            let life = CardLife(wear: wear, seconds: seconds ?? 0, terabytesWritten: terabytes)
        else { return say("card life", "too early to say: less than an hour of writing is known") }
        say(
            "card life",
            "\(RingText.oneDecimal(life.years)) years, a projection: "
                + "\(RingText.bytes(life.bytesPerDay)) a day in whole pages, since "
                + "\(RingText.duration(seconds: Double(seconds ?? 0))); "
                + "\(RingText.bytes(terabytes * 1e12)) is what the card takes, "
                + "and \(RingText.percent(life.used)) of it is used; what the card writes to move "
                + "data within itself is not known")
    }

    /// How long the fdatasyncs of the ring's life took: a card that wears out gets slower first.
    private static func saySyncTimes(_ times: SyncTimes) {
        guard let half = times.bucket(ofPercent: 50), let most = times.bucket(ofPercent: 99) else {
            return
        }
        let parts = (0..<SyncTimes.bucketCount).filter { times[$0] > 0 }
            .map { "\(times[$0]) \(within($0))" }
        say(
            "",
            "half of them \(within(half)), 99 % \(within(most)): "
                + parts.joined(separator: ", "))
    }

    private static func within(_ bucket: Int) -> String {
        guard let edge = SyncTimes.edgeMicroseconds(of: bucket) else { return "longer than 2.1 s" }
        return "within \(RingText.oneDecimal(Double(edge) / 1_000)) ms"
    }

    /// Seconds since the ring was made: since the file was, or since its oldest record if that is
    /// longer ago (a copy of a file is younger than what is in it). Dates from before this
    /// program existed come from a clock that was not set, and say nothing.
    private static func lifeSeconds(_ check: RingCheck, birth: Int64?) -> Int64? {
        let firstPossible: Int64 = 1_735_689_600_000_000  // 2025-01-01
        let now = Clock.now().wallMicroseconds
        let starts = [birth, check.oldest?.time.wallMicroseconds].compactMap { $0 }
            .filter { $0 >= firstPossible && $0 <= now }
        return starts.min().map { (now - $0) / 1_000_000 }
    }

    private static func sayCapacity(_ geometry: RingGeometry, _ sensors: [UInt64]) {
        let spans = sensors.map { count in
            let seconds = geometry.capacitySeconds(sensors: count)
            let span = RingText.duration(seconds: Double(seconds))
            return "\(RingText.count(count, "sensor")) \(span)"
        }
        say("capacity", "at one record a second: \(spans.joined(separator: ", "))")
    }
}

/// `pulsegate ring capacity`: how long a ring reaches back, by its size, as a table in Markdown.
enum RingCapacity {
    private static let mebibytes: [UInt64] = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384]

    static func run(_ line: Options) throws(SetupError) -> Int32 {
        let columns = RingStat.sensorCounts.map { RingText.count($0, "sensor") }
        Console.line("| `[ring] size` | records | \(columns.joined(separator: " | ")) |")
        Console.line("|---:|---:|" + columns.map { _ in "---:|" }.joined())
        for size in mebibytes {
            guard let geometry = RingGeometry(fileBytes: size << 20) else {
                preconditionFailure("1 MiB holds a ring")
            }
            let spans = RingStat.sensorCounts.map {
                RingText.duration(seconds: Double(geometry.capacitySeconds(sensors: $0)))
            }
            let name = size < 1_024 ? "\(size)MiB" : "\(size / 1_024)GiB"
            Console.line(
                "| \(name) | \(geometry.slotCount) | \(spans.joined(separator: " | ")) |")
        }
        return ExitStatus.success
    }
}
