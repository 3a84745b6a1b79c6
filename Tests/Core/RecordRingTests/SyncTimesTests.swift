import RecordRing
import Testing

/// fdatasyncs by how long they took, as the ring keeps them for its life.
struct SyncTimesTests {
    private func bucket(of microseconds: UInt64) -> Int? {
        var times = SyncTimes()
        times.record(microseconds: microseconds)
        return (0..<SyncTimes.bucketCount).first { times[$0] == 1 }
    }

    @Test func eachBucketEndsTwiceAsFarAsTheOneBefore() {
        #expect(bucket(of: 0) == 0)
        for index in 0..<SyncTimes.bucketCount - 1 {
            guard let edge = SyncTimes.edgeMicroseconds(of: index) else {
                Issue.record("bucket \(index) has an edge")
                continue
            }
            #expect(edge == 128 << UInt64(index))
            #expect(bucket(of: edge - 1) == index)
            #expect(bucket(of: edge) == index + 1)
        }
        #expect(SyncTimes.edgeMicroseconds(of: 15) == nil)
        #expect(bucket(of: .max) == 15)
    }

    @Test func percentileIsTheBucketThatItLiesIn() {
        var times = SyncTimes()
        #expect(times.bucket(ofPercent: 50) == nil)
        for _ in 0..<99 { times.record(microseconds: 300) }
        times.record(microseconds: 40_000)
        #expect(times.count == 100)
        #expect(times.bucket(ofPercent: 50) == 2)
        #expect(times.bucket(ofPercent: 99) == 2)
        #expect(times.bucket(ofPercent: 99.5) == 9)
    }

    @Test func wearSinceATimeIsTheDifferenceInBytesAndSyncs() {
        var wear = WearStatistics()
        wear.bytesWritten = 1_000
        wear.noteSync(nanoseconds: 5_000_000)
        let earlier = wear
        wear.bytesWritten += 500
        wear.noteSync(nanoseconds: 1_000_000)
        wear.noteSync(nanoseconds: -1)
        let part = wear.since(earlier)
        #expect(part.bytesWritten == 500 && part.syncs == 2)
        #expect(wear.longestSyncMicroseconds == 5_000)
        #expect(wear.syncTimes.count == 3)
    }
}
