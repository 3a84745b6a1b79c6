/// A part of the pipeline that must get on for the gateway to be alive.
public enum Stage: Int, CaseIterable, Sendable {
    /// The poll loop: one turn of it.
    case loop
    /// The bus of BlueZ: what is due there.
    case bus
    /// The ring file: one write or read on the card.
    case ring
    /// Lamps, buzzers and the alarm log: what is due there.
    case alarm
    /// One request or one write of a sink.
    case uplink

    public var name: String {
        switch self {
        case .loop: "loop"
        case .bus: "bus"
        case .ring: "ring"
        case .alarm: "alarm"
        case .uplink: "uplink"
        }
    }
}

/// Decides whether the service manager's watchdog is fed: only while every stage gets on.
///
/// A timer that feeds by itself would keep a gateway alive in which nothing moves. Here each stage
/// says since when it is at what it is doing; one that is at it for longer than its deadline hangs,
/// and the feed stops until it moves again. The manager then kills and restarts the process
/// (systemd.service(5), WatchdogSec=), and the ring has the records.
public struct ProgressWatch: Sendable {
    /// What to do with the watchdog now.
    public enum Verdict: Equatable, Sendable {
        case feed
        /// The first stage that hangs, and for how long it has been at it (nanoseconds).
        case withhold(Stage, nanoseconds: Int64)
    }

    /// How long each stage may take, nanoseconds, in the order of `Stage`.
    private var deadlines: [Int64]
    /// Since when each is at it (monotonic nanoseconds); nil: it has nothing to do.
    private var since: [Int64?]
    /// The longest turn of the loop since the last verdict.
    private var longestTurn: Int64 = 0
    /// Stages that hung at the last verdict.
    private var hung: [Bool]

    public init(deadline: (Stage) -> Int64) {
        deadlines = Stage.allCases.map(deadline)
        precondition(deadlines.allSatisfy { $0 > 0 }, "a deadline is a time to come")
        since = Stage.allCases.map { _ in nil }
        hung = Stage.allCases.map { _ in false }
    }

    public func deadline(of stage: Stage) -> Int64 { deadlines[stage.rawValue] }

    /// The stage is at one piece of work since then; nil: it has finished, or has none.
    public mutating func note(_ stage: Stage, since start: Int64?) {
        since[stage.rawValue] = start
    }

    /// One turn of the loop took so long. It is over, so it costs one feed and no more: a loop
    /// that is slow at every feed is a loop that hangs.
    public mutating func noteTurn(nanoseconds: Int64) {
        longestTurn = max(longestTurn, nanoseconds)
    }

    /// Judges all stages. A clock that went back makes nothing late.
    public mutating func judge(now: Int64) -> Verdict {
        var verdict = Verdict.feed
        for stage in Stage.allCases {
            var took = since[stage.rawValue].map { now - $0 } ?? 0
            if stage == .loop { took = max(took, longestTurn) }
            let hangs = took > deadlines[stage.rawValue]
            hung[stage.rawValue] = hangs
            if hangs && verdict == .feed { verdict = .withhold(stage, nanoseconds: took) }
        }
        longestTurn = 0
        return verdict
    }

    /// Whether the stage hung at the last verdict.
    public func hangs(_ stage: Stage) -> Bool { hung[stage.rawValue] }
}
