public import Bytes
internal import CZlib

/// Why bytes were not compressed.
public enum GzipError: Error, Equatable, Sendable {
    /// The compressed bytes do not fit; `Gzip.bound` bytes always do.
    case noRoom
    /// zlib had no memory at its start.
    case noMemory
}

/// Compresses one body after the other in gzip (RFC 1952).
///
/// zlib takes its memory once, 268 KB (zconf.h: 2^17 for the window of 32 KB, 2^17 for the
/// tables), and none for a body.
@safe
public final class Gzip {
    /// Of 1 to 9: 3 takes half the time of zlib's usual 6 on lines of JSON, which repeat each
    /// other, and a tenth more bytes.
    private static let level: Int32 = 3

    private let stream: UnsafeMutablePointer<z_stream>

    public init() throws(GzipError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe pulsegate_gzip_begin(stream, Self.level) == Z_OK else {
            unsafe stream.deallocate()
            throw .noMemory
        }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Bytes that `count` bytes take at most.
    public func bound(of count: Int) -> Int {
        // A stream that has ended forgets that it writes gzip: its bound lacks head and trailer.
        reset()
        return unsafe Int(deflateBound(stream, uLong(count)))
    }

    private func reset() {
        precondition(unsafe deflateReset(stream) == Z_OK, "a stream that was begun can be reset")
    }

    /// Appends `bytes`, compressed, to `output`, or leaves it as it was.
    public func compress(
        _ bytes: Span<UInt8>, into output: inout FixedBuffer
    ) throws(GzipError) {
        let mark = output.count
        let room = output.room
        var isWhole = false
        reset()
        unsafe output.appendBytes(atMost: room) { target in
            unsafe bytes.withUnsafeBufferPointer { source in
                // zlib does not write: `next_in` is not const for old compilers.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = uInt(source.count)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = uInt(target.count)
                unsafe isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
                unsafe stream.pointee.next_in = nil
                return unsafe target.count - Int(stream.pointee.avail_out)
            }
        }
        guard isWhole else {
            output.truncate(to: mark)
            throw .noRoom
        }
    }
}
