import Bytes
import HTTPS
import Linux
import RecordRing
import Time

/// The time for everything that needs the right one: stamps, signatures, certificates.
///
/// It asks the kernel, hears what services say, and writes down what a board without a battery
/// for its clock forgets. The kernel's clock is never set: that is the system's business.
final class TimeKeeper {
    private static let stateIntervalNanoseconds: Int64 = 1_000_000_000
    /// The floor is written again when it is a day old: a write a day is nothing to a card.
    private static let saveAfterMicroseconds: Int64 = 86_400_000_000
    /// A full card may have room in a minute.
    private static let saveRetryNanoseconds: Int64 = 60_000_000_000

    private(set) var clock: WallClock
    /// What is written down, and what stamps the records.
    private(set) var notes: ClockNotes
    private let boot: BootID
    private let log: Log
    /// The job that writes `notes`.
    let file: NotesFile
    private var isSaving = false
    /// The text in the file is older than this.
    private var savedFloor: Int64
    private var hasUnsavedBoot = false
    /// A card that refused the file is asked again then, by the monotonic clock.
    private var saveAgain = Int64.min
    private var isSaveFailing = false
    /// The kernel's word on its clock, asked once a second at most: the question costs as much as
    /// a measurement.
    private var kernelState: ClockState
    private var askAgain = Int64.min

    /// `folder` is the data folder.
    init(folder: String, boot: BootID, log: Log) {
        self.boot = boot
        self.log = log
        file = NotesFile(path: "\(folder)/clock", bytesMax: ClockNotes.fileBytesMax)
        notes = Self.read(file, log) ?? ClockNotes()
        savedFloor = notes.floorMicroseconds
        notes.floorMicroseconds = max(notes.floorMicroseconds, Clock.buildMicroseconds)
        kernelState = Clock.state()
        clock = WallClock(
            floorMicroseconds: notes.floorMicroseconds, kernel: Clock.now(), state: kernelState)
        sayDoubt()
    }

    private static func read(_ file: NotesFile, _ log: Log) -> ClockNotes? {
        do throws(SystemError) {
            guard let text = try file.read() else { return nil }
            if let notes = ClockNotes(decoding: text.span) { return notes }
            log.write(.warning, "\(file.path): not understood, and written anew when time is known")
        } catch {
            log.write(.warning, "\(error)")
        }
        return nil
    }

    private func sayDoubt() {
        let now = Clock.now()
        guard clock.source(at: now.monotonicNanoseconds) == .floor else { return }
        log.write(
            .warning,
            "clock: \(Self.text(now.wallMicroseconds)) cannot be right, it is later than "
                + "\(Self.text(clock.floorMicroseconds)); records keep the time since boot and "
                + "are stamped when a service or NTP says the time")
    }

    /// Both clocks as they should be.
    func now() -> Moment {
        let kernel = Clock.now()
        if kernel.monotonicNanoseconds >= askAgain {
            kernelState = Clock.state()
            askAgain = kernel.monotonicNanoseconds + Self.stateIntervalNanoseconds
        }
        clock.observe(kernel: kernel, state: kernelState)
        return clock.moment(at: kernel.monotonicNanoseconds)
    }

    func state(at monotonicNanoseconds: Int64) -> ClockState {
        clock.state(at: monotonicNanoseconds)
    }

    /// When this boot began, where that has become known or has changed.
    func newBootTime(at monotonicNanoseconds: Int64) -> BootTime? {
        guard let offset = clock.knownOffset(at: monotonicNanoseconds) else { return nil }
        if let known = notes.offset(of: boot), abs(known - offset) <= 1_000_000 { return nil }
        let time = BootTime(boot: boot, offsetMicroseconds: offset)
        notes.note(time)
        hasUnsavedBoot = true
        return time
    }

    /// Hears the `Date` of an answer. `isRefused`: the service refused the request for its time.
    /// Answers whether a request made anew would have another time.
    func note(_ answer: HTTPSAnswer, isRefused: Bool, by endpoint: String) -> Bool {
        guard answer.isVerified, let date = answer.serverTimeSeconds else { return false }
        let now = Clock.monotonicNanoseconds()
        let change = clock.note(dateSeconds: date, isRefused: isRefused, at: now)
        notes.floorMicroseconds = max(notes.floorMicroseconds, clock.floorMicroseconds)
        guard let change else { return false }
        let seconds = abs(change) / 1_000_000
        log.write(
            .warning,
            "clock: \(endpoint) says \(Self.text(date * 1_000_000)), this machine is "
                + "\(seconds) s \(change > 0 ? "behind" : "ahead"); the service's time is used "
                + "(set the clock: timedatectl)")
        return true
    }

    /// A certificate is not valid at the kernel's time, which nobody has set. Answers whether
    /// another try would be at another time.
    func doubtKernel() -> Bool {
        let isDoubted = clock.doubtKernel(at: Clock.monotonicNanoseconds())
        if isDoubted {
            log.write(
                .warning,
                "clock: certificates are not valid at this machine's time; they are verified at "
                    + "\(Self.text(clock.floorMicroseconds)), the latest that has certainly passed")
        }
        return isDoubted
    }

    /// The job to submit when there is something to write down; `atEnd` for the last time.
    func save(atEnd: Bool = false) -> NotesFile? {
        let age = notes.floorMicroseconds - savedFloor
        let isOld = age >= (atEnd ? 60_000_000 : Self.saveAfterMicroseconds)
        // The build time is known without a file.
        let isNews = notes.floorMicroseconds > Clock.buildMicroseconds
        guard !isSaving, hasUnsavedBoot || isOld && isNews else { return nil }
        guard atEnd || !isSaveFailing || Clock.monotonicNanoseconds() >= saveAgain else {
            return nil
        }
        isSaving = true
        hasUnsavedBoot = false
        savedFloor = notes.floorMicroseconds
        file.prepare { notes.encode(into: &$0) }
        return file
    }

    /// The job has come back. What could not be written is written later: without it the records
    /// of this boot could not be stamped after a power cut.
    func saved() {
        isSaving = false
        defer { isSaveFailing = file.failure != nil }
        guard let failure = file.failure else { return }
        hasUnsavedBoot = true
        saveAgain = Clock.monotonicNanoseconds() + Self.saveRetryNanoseconds
        if !isSaveFailing {
            log.write(.warning, "clock: its notes could not be written: \(failure)")
        }
    }

    private static func text(_ wallMicroseconds: Int64) -> String {
        var text = FixedBuffer(capacity: 64)
        text.append(timestamp: wallMicroseconds / 1_000_000 * 1_000_000)
        return String(decoding: text.bytes.extracting(0..<19)) + "Z"
    }
}
