import Bytes
import Gateway
import Linux
import RecordRing
import Time

/// The parts of `make bench-ring` that need our own code: each prints one line of JSON.
enum RingTask: String, CaseIterable {
    /// `ring PATH SENSORS SECONDS online|offline [real]`: what records cost on their way to the
    /// file. It says `ready`, waits for a line, says what it came to and waits for another.
    case ring
    /// `fill PATH BYTES`: a full ring, and then some, of which the sink `cloud` has everything.
    case fill
    /// `crc`: GB/s of CRC-32C, by the instruction and by the tables, a record and a page at a time.
    case crc

    static let usage = """
        ring PATH SENSORS SECONDS online|offline [real], fill PATH BYTES, crc
        """

    /// False when the words are not understood.
    func run(_ words: [String]) throws -> Bool {
        switch self {
        case .ring: return try Self.drive(words)
        case .fill: return try Self.fill(words)
        case .crc:
            guard words.isEmpty else { return false }
            print(Self.checksumRates())
            return true
        }
    }

    private static func drive(_ words: [String]) throws -> Bool {
        guard words.count == 4 || words.count == 5 && words[4] == "real",
            let sensors = Int(words[1]), let seconds = Int(words[2]),
            let uplink = RingDrive.Uplink(rawValue: words[3])
        else { return false }
        var drive = try RingDrive(
            path: words[0], sensors: sensors, uplink: uplink, inRealTime: words.count == 5)
        // Whoever counts what the kernel does begins here, and ends at the next line.
        try say("ready")
        _ = readLine()
        try drive.run(seconds: seconds)
        let cost = drive.cost
        try say(
            """
            {"records": \(cost.records), \
            "cpu_ns": \(cost.receiveNanoseconds + cost.writeProcessorNanoseconds), \
            "wall_ns": \(cost.receiveNanoseconds + cost.writeWallNanoseconds), \
            "writes": \(cost.writes), "syncs": \(cost.wear.syncs), \
            "bytes_projected": \(Int(CardLife.bytesOnCard(cost.wear)))}
            """)
        _ = readLine()
        return true
    }

    private static func say(_ text: String) throws(SystemError) {
        try FileDescriptor.write(Array("\(text)\n".utf8).span, to: 1, subject: "standard output")
    }

    private static func fill(_ words: [String]) throws -> Bool {
        guard words.count == 2, let bytes = UInt64(words[1]), let sink = SensorName("cloud")
        else { return false }
        let file = try RingFile.open(words[0], bytes: bytes)
        let job = RingJob(file: file, records: Limits.writeRecords)
        let chunk = UInt64(Limits.writeRecords)
        let end = file.geometry.slotCount + 10 * chunk
        var sequence: UInt64 = 0
        var generation: UInt64 = 0
        while sequence < end {
            let next = min(end, sequence + chunk)
            generation += 1
            var head = RingHead(generation: generation, head: next, synced: sequence)
            head.append(SinkTail(sink: sink, tail: next))
            job.prepareWrite(first: sequence, head: head, sync: next == end) { slots in
                for number in sequence..<next { append(record(Int(number)), to: &slots) }
            }
            job.perform()
            if let failure = job.failure { throw failure }
            sequence = next
        }
        print("{\"records\": \(end)}")
        return true
    }

    private static func append(_ record: Record, to slots: inout FixedBuffer) {
        let start = slots.count
        slots.resize(to: start + Record.slotBytes)
        var slot = slots.mutableBytes(in: start..<start + Record.slotBytes)
        record.encode(into: &slot)
    }

    private static func checksumRates() -> String {
        var parts: [String] = []
        for (name, length) in [("record", Record.slotBytes - 4), ("page", RingGeometry.pageBytes)] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let tables = rate(bytes) { CRC32C.tableChecksum($0) }
            let instruction =
                CRC32CInstruction.isAvailable ? rate(bytes) { CRC32CInstruction.checksum($0) } : 0
            parts.append("\"\(name)\": {\"tables\": \(tables), \"instruction\": \(instruction)}")
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// Bytes a nanosecond, which is GB/s; the median of five runs.
    private static func rate(_ bytes: [UInt8], _ body: (Span<UInt8>) -> UInt32) -> Double {
        let rounds = 64_000_000 / bytes.count
        var rates: [Double] = []
        for _ in 0..<5 {
            var stopwatch = Stopwatch()
            var sum: UInt32 = 0
            stopwatch.start()
            for _ in 0..<rounds { sum ^= body(bytes.span) }
            stopwatch.stop()
            keep(Int(sum))
            rates.append(Double(rounds * bytes.count) / Double(stopwatch.nanoseconds))
        }
        return rates.sorted()[2]
    }
}
