public import RecordRing
public import Time

/// Which records are asked for, and in what form.
///
/// ```
/// from=2025-07-15T17:10:33Z  to=-5min  sensor=strap-1  bucket=5s  format=csv  limit=1000
/// ```
public struct RecordQuery: Equatable, Sendable {
    /// How lines are written.
    public enum Format: Equatable, Sendable { case ndjson, csv }

    /// Every parameter there is.
    public enum Parameter: Int, CaseIterable, Sendable {
        case from, to, sensor, bucket, format, limit

        public var name: String {
            switch self {
            case .from: "from"
            case .to: "to"
            case .sensor: "sensor"
            case .bucket: "bucket"
            case .format: "format"
            case .limit: "limit"
            }
        }
    }

    /// Bytes of the longest value that makes sense: a sensor's name is shorter, and so is a time.
    public static let valueBytesMax = 64
    /// A bucket is as long as this at least: sensors measure once a second.
    public static let bucketSecondsMin: Int64 = 1
    /// A bucket is no longer than an hour: then a chart of a month has 720 points.
    public static let bucketSecondsMax: Int64 = 3_600
    /// More lines than a ring of 64 GiB has records.
    public static let limitMax: UInt64 = 1_000_000_000

    /// Wall clock at arrival, microseconds since 1970: from the first on, up to before the second.
    public private(set) var from = Int64.min
    public private(set) var to = Int64.max
    public private(set) var sensor: SensorName?
    /// Length of a bucket, microseconds; nil: the records themselves.
    public private(set) var bucketMicroseconds: Int64?
    public private(set) var format = Format.ndjson
    /// Lines of the answer at most, its header aside.
    public private(set) var limit = RecordQuery.limitMax
    /// Parameters that were given, one bit each.
    private var given: UInt8 = 0

    /// Everything that the ring has.
    public init() {}

    /// Takes one parameter, its value decoded; `now` is the wall clock, microseconds since 1970.
    public mutating func set(
        _ name: String, to value: String, now: Int64
    ) throws(QueryError) {
        guard let parameter = Parameter.allCases.first(where: { $0.name == name }) else {
            throw QueryError(name: name, value: value, .unknown)
        }
        func refused(_ problem: QueryError.Problem) -> QueryError {
            QueryError(name: name, value: value, problem)
        }
        let bit = UInt8(1) << UInt8(parameter.rawValue)
        guard given & bit == 0 else { throw refused(.repeated) }
        given |= bit
        guard value.utf8.count <= Self.valueBytesMax else { throw refused(.tooLong) }
        switch parameter {
        case .from: from = try Self.instant(value, name, now)
        case .to: to = try Self.instant(value, name, now)
        case .sensor:
            guard !value.isEmpty, let sensor = SensorName(value) else {
                throw refused(.notASensor)
            }
            self.sensor = sensor
        case .bucket: bucketMicroseconds = try Self.bucket(value, name)
        case .format:
            switch value {
            case "ndjson": format = .ndjson
            case "csv": format = .csv
            default: throw refused(.notAFormat)
            }
        case .limit:
            guard let limit = UInt64(value), value.utf8.first != UInt8(ascii: "+"), limit > 0,
                limit <= Self.limitMax
            else { throw refused(.notALimit) }
            self.limit = limit
        }
        // Both are known when the second of them comes.
        if parameter == .from || parameter == .to, from >= to { throw refused(.emptyRange) }
    }

    private static func instant(
        _ text: String, _ name: String, _ now: Int64
    ) throws(QueryError) -> Int64 {
        do throws(TimeTextError) {
            return try zoned(text, now)
        } catch {
            throw QueryError(name: name, value: text, .notATime(error))
        }
    }

    /// `2025-07-15T19:10:33+02:00`, an RFC 3339 time of any zone, is the instant of its date and
    /// time in UTC, less what the zone is ahead (RFC 3339 section 4.2).
    private static func zoned(_ text: String, _ now: Int64) throws(TimeTextError) -> Int64 {
        let bytes = Array(text.utf8)
        guard bytes.count > 19, bytes[10] == UInt8(ascii: "T"),
            bytes[bytes.count - 3] == UInt8(ascii: ":")
        else { return try TimeReader.instant(text, now: now) }
        let sign = bytes[bytes.count - 6]
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
            return try TimeReader.instant(text, now: now)
        }
        func number(_ place: Int) throws(TimeTextError) -> Int64 {
            let tens = bytes[place] &- UInt8(ascii: "0")
            let ones = bytes[place + 1] &- UInt8(ascii: "0")
            guard tens <= 9, ones <= 9 else { throw .notATime }
            return Int64(tens) * 10 + Int64(ones)
        }
        let (hours, minutes) = (try number(bytes.count - 5), try number(bytes.count - 2))
        guard hours < 24, minutes < 60 else { throw .noSuchTime }
        let local = try TimeReader.instant(String(text.dropLast(6)) + "Z", now: now)
        let ahead = (hours * 60 + minutes) * 60_000_000
        return sign == UInt8(ascii: "+") ? local - ahead : local + ahead
    }

    private static func bucket(_ text: String, _ name: String) throws(QueryError) -> Int64 {
        let second: Int64 = 1_000_000_000
        guard let length = TimeReader.nanoseconds(text[...]), length % second == 0,
            length >= bucketSecondsMin * second, length <= bucketSecondsMax * second
        else { throw QueryError(name: name, value: text, .notABucket) }
        return length / 1_000
    }

    /// Whether the record's own marks are those that are asked for; its time is judged by itself.
    func takes(sensorOf record: Record) -> Bool {
        guard let sensor else { return true }
        // A gap record has the name of a sink, and so has an alarm of one.
        if case .gap = record.payload { return false }
        if case .alarm(let note) = record.payload, note.isAboutSink { return false }
        return record.sensor == sensor
    }

    func takes(wallMicroseconds time: Int64) -> Bool { time >= from && time < to }
}

/// Why a query is refused: the parameter, its value, and what to write instead.
public struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with the parameter.
    public enum Problem: Equatable, Sendable {
        case unknown
        case repeated
        case tooLong
        case notATime(TimeTextError)
        case emptyRange
        case notASensor
        case notABucket
        case notAFormat
        case notALimit
    }

    /// Characters of what was sent that an answer repeats.
    private static let quotedMax = 64

    /// As it was sent, cut to what can be said again.
    public let name: String
    public let value: String
    public let problem: Problem

    init(name: String, value: String, _ problem: Problem) {
        self.name = String(name.prefix(Self.quotedMax))
        self.value = String(value.prefix(Self.quotedMax))
        self.problem = problem
    }

    public var description: String { "\(name)=\(value): \(remedy)" }

    private var remedy: String {
        switch problem {
        case .unknown:
            "no such parameter; there are from, to, sensor, bucket, format and limit"
        case .repeated: "given twice; give it once"
        case .tooLong: "longer than \(RecordQuery.valueBytesMax) bytes; shorten it"
        case .notATime(let error): "\(Self.text(error)); \(Self.times)"
        case .emptyRange: "from is not before to; exchange them, or widen the range"
        case .notASensor: "a sensor's name has 1 to \(SensorName.limit) bytes"
        case .notABucket: "write a length of whole seconds from 1s to 1h, as in 5s, 1min or 1h"
        case .notAFormat: "write ndjson or csv"
        case .notALimit: "write a number of lines from 1 to \(RecordQuery.limitMax)"
        }
    }

    private static let times =
        "write it as in 2025-07-15T17:10:33Z, 2025-07-15 or, back from now, -600s, -2h, -1d12h "
        + "(a + is %2B in a URL)"

    private static func text(_ error: TimeTextError) -> String {
        switch error {
        case .notATime: "not a time"
        case .noZone: "it does not say its zone; add Z"
        case .noSuchTime: "there is no such day or time of day"
        case .outOfRange: "not within the years 1 to 9999"
        }
    }
}
