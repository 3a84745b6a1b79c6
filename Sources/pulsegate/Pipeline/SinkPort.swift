import Gateway
import HTTPS
import Linux
import Time

/// The outside end of one sink: it carries requests out and brings answers back.
protocol SinkPort: AnyObject {
    /// Encodes the sink's next request and starts it.
    func begin(sink: Int, gateway: inout Gateway, now: Moment, journal: Journal)
    /// Gives up what is under way: the program ends.
    func cancel()
}

/// A sink whose requests are jobs of the disk worker.
protocol DiskSink: SinkPort {
    var job: any DiskJob { get }
    /// The job has finished.
    func finish(sink: Int, gateway: inout Gateway, journal: Journal)
}

/// A sink whose requests go over the network.
protocol NetworkSink: SinkPort {
    var transfer: HTTPSTransfer { get }
    /// The transfer has finished.
    func finish(sink: Int, gateway: inout Gateway, journal: Journal)
}

/// Lines of JSON to a file.
final class FileSinkPort: DiskSink {
    private let file: LineFile
    private let worker: DiskWorker
    private var wasFailing = false

    init(settings: LineFileSettings, worker: DiskWorker) {
        file = LineFile(settings: settings)
        self.worker = worker
    }

    var job: any DiskJob { file }

    func begin(sink: Int, gateway: inout Gateway, now: Moment, journal: Journal) {
        file.prepare { lines in
            _ = gateway.encode(sink: sink, into: &lines, now: now.monotonicNanoseconds)
        }
        worker.submit(file)
    }

    func finish(sink: Int, gateway: inout Gateway, journal: Journal) {
        let now = Clock.monotonicNanoseconds()
        if let failure = file.failure {
            if !wasFailing { journal.log.write(.error, "\(failure)") }
            gateway.sinkFailed(sink: sink, now: now)
        } else {
            gateway.sinkDelivered(sink: sink, now: now)
        }
        wasFailing = file.failure != nil
    }

    func cancel() {}
}
