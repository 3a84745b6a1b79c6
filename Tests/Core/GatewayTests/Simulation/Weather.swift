import Gateway
import Uplink

/// How large and how hostile one simulated world is, drawn from its seed.
struct Weather {
    let measurements: Int
    /// The longest pause between two of them.
    let pauseNanoseconds: Int64
    let slots: UInt64
    let window: Int
    let sync: Int64
    let sinks: [SinkSettings]
    /// Requests with trouble, by sink, in percent.
    let serviceTrouble: [Int]
    /// Jobs of the card that fail, in percent.
    let cardTrouble: Int
    /// Jobs of the card that take seconds, in percent.
    let cardStalls: Int
    /// Writes with which a time begins in which the whole card is away or read-only, in percent.
    let outages: Int
    /// Writes that find the file cut, in percent.
    let cuts: Int
    /// Events at which the process or the power goes, in a thousand.
    let crashes: Int
    /// Restarts after which a slot is found damaged, in percent.
    let damage: Int

    init(_ random: inout RandomSource) {
        func pick<Value>(_ values: [Value]) -> Value {
            values[Int.random(in: 0..<values.count, using: &random)]
        }
        // Now and then as many as the head record's set of acknowledged records does not reach.
        measurements =
            Int.random(in: 0..<20, using: &random) == 0
            ? 900 : Int.random(in: 20...90, using: &random)
        pauseNanoseconds = pick([20 * millisecond, second, 4 * second])
        slots = pick([8, 32, 128, 512])
        window = pick([4, 16, 64, 256])
        sync = pick([0, 300 * millisecond, second, 10 * second])
        let kinds = [
            [kinesis(batch: pick([1, 5, 40]), flush: pick([0, second, 20 * second]))],
            [kinesis(batch: 10), file(batch: pick([1, 3, 64]))],
            [kinesis("a", batch: 6), file("b", batch: 20), kinesis("c", batch: 4, flush: 0)],
            [],
            [search(batch: pick([1, 7, 40])), errors()],
            [
                collector(batch: pick([1, 6, 40])),
                search(takes: pick([.all, .records]), batch: 9),
                errors(),
            ],
            [search(takes: .all, batch: 5), kinesis(batch: 8)],
        ]
        sinks = kinds[pick([0, 0, 1, 1, 1, 2, 2, 3, 4, 4, 5, 5, 5, 6])].map { sink in
            var sink = sink
            sink.order = pick([.oldestFirst, .newestFirst])
            sink.drainRate = pick([nil, nil, 1, 3, 100])
            return sink
        }
        serviceTrouble = sinks.map { _ in pick([0, 0, 20, 60, 97]) }
        cardTrouble = pick([0, 0, 0, 10, 50])
        cardStalls = pick([0, 10, 40])
        outages = pick([0, 0, 0, 2, 10])
        cuts = pick([0, 0, 0, 3])
        crashes = pick([0, 0, 2, 20])
        damage = pick([0, 0, 50])
    }

    /// No record can be lost for any reason but the power: two sinks may make an error record each
    /// of a measurement.
    var isGentle: Bool {
        slots >= 3 * UInt64(measurements) && [cardTrouble, damage, outages, cuts] == [0, 0, 0, 0]
    }
}
