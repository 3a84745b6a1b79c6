import Linux

// pulsegate-bench: processor time of each stage that a measurement goes through.
//
//   pulsegate-bench                     a line a stage: name, nanoseconds a measurement
//   pulsegate-bench STAGE MEASUREMENTS  one stage, for a profiler that counts instructions
//   pulsegate-bench TASK WORDS          a part of the ring's bench, see RingTask

// As the program itself begins.
CRC32CInstruction.use()

let arguments = CommandLine.arguments.dropFirst()
if arguments.isEmpty {
    for stage in Stage.allCases {
        let nanoseconds = try stage.medianNanoseconds(runs: 7, measurements: 200_000)
        print("\(stage.rawValue)\t\(nanoseconds)")
    }
} else if let name = arguments.first, let task = RingTask(rawValue: name) {
    if try !task.run(Array(arguments.dropFirst())) { print("usage: \(RingTask.usage)") }
} else if arguments.count == 2, let name = arguments.first, let stage = Stage(rawValue: name),
    let count = arguments.last.flatMap({ Int($0) }), count > 0
{
    var stopwatch = Stopwatch()
    try stage.run(count, &stopwatch)
} else {
    let names = Stage.allCases.map(\.rawValue).joined(separator: ", ")
    print("usage: pulsegate-bench [STAGE MEASUREMENTS], where STAGE is one of \(names)")
    print("       pulsegate-bench \(RingTask.usage)")
}

extension Stage {
    /// Nanoseconds of processor time a measurement, the median of `runs`.
    func medianNanoseconds(runs: Int, measurements: Int) throws -> Double {
        var times: [Double] = []
        for _ in 0..<runs {
            var stopwatch = Stopwatch()
            try run(measurements, &stopwatch)
            times.append(Double(stopwatch.nanoseconds) / Double(measurements))
        }
        return times.sorted()[runs / 2]
    }
}

/// Processor time between `start` and `stop`, which a busy machine does not lengthen.
struct Stopwatch {
    private(set) var nanoseconds: Int64 = 0
    private var started: Int64 = 0

    mutating func start() { started = Clock.processorNanoseconds() }

    mutating func stop() { nanoseconds += Clock.processorNanoseconds() - started }
}

/// What a loop has made goes here, so that the optimizer does not remove the loop.
@inline(never)
func keep(_ value: Int) {
    if value == .min { print(value) }
}
