import CDiffusion

#if canImport(CoreGraphics)
import CoreGraphics
import Foundation
#endif

/// How a pixel lies in memory.
public enum DiffusionPixelFormat: Sendable {
    /// 3 bytes: red, green, blue.
    case rgb8
    /// 4 bytes: red, green, blue, alpha.
    case rgba8
    /// 4 bytes: blue, green, red, alpha.
    case bgra8

    var code: Int32 {
        switch self {
        case .rgb8: return number(DIFFUSION_PIXEL_FORMAT_RGB8)
        case .rgba8: return number(DIFFUSION_PIXEL_FORMAT_RGBA8)
        case .bgra8: return number(DIFFUSION_PIXEL_FORMAT_BGRA8)
        }
    }

    /// Bytes of a pixel.
    public var bytes: Int { self == .rgb8 ? 3 : 4 }
}

/// A picture. It never changes; threads may share it.
public final class DiffusionImage: @unchecked Sendable {
    let pointer: OpaquePointer
    private let result: DiffusionResult?

    /// One that is the caller's.
    init(owned pointer: OpaquePointer) {
        self.pointer = pointer
        result = nil
    }

    /// One that lives as long as its result, which it keeps.
    init(borrowed pointer: OpaquePointer, from result: DiffusionResult) {
        self.pointer = pointer
        self.result = result
    }

    deinit {
        if result == nil { diffusion_image_destroy(pointer) }
    }

    /// A picture of pixels, which are copied; rows follow each other without gaps.
    public convenience init(pixels: [UInt8], width: Int, height: Int, format: DiffusionPixelFormat = .rgb8) throws {
        var image: OpaquePointer?
        let stride = Int64(width) * Int64(format.bytes)
        try check(diffusion_image_create(pixels, pixels.count, Int64(width), Int64(height), stride, format.code, &image))
        self.init(owned: image!)
    }

    /// Reads a PNG, JPEG or WebP file.
    public convenience init(file: String) throws {
        var image: OpaquePointer?
        try check(withText(file) { diffusion_image_open($0, $1, &image) })
        self.init(owned: image!)
    }

    public var width: Int { Int(diffusion_image_width(pointer)) }
    public var height: Int { Int(diffusion_image_height(pointer)) }

    /// The settings that made it, as a JSON object; empty for a picture that was not drawn.
    public var settingsJSON: String { String(cString: diffusion_image_settings_json(pointer)) }

    /// The pixels, row by row without gaps.
    public func pixels(_ format: DiffusionPixelFormat = .rgb8) throws -> [UInt8] {
        let stride = width * format.bytes
        let size = stride * height
        return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            try check(
                diffusion_image_copy(
                    pointer, buffer.baseAddress, size, Int64(width), Int64(height), Int64(stride), format.code))
            count = size
        }
    }

    /// Saves it as .png, .jpg or .jpeg, by the file's ending. A PNG carries the settings that made it.
    public func save(_ file: String) throws {
        try check(withText(file) { diffusion_image_save(pointer, $0, $1) })
    }

    #if canImport(CoreGraphics)
    /// For `UIImage(cgImage:)`, `NSImage(cgImage:size:)` and SwiftUI's `Image(_:scale:label:)`. Never built by us.
    public func makeCGImage() throws -> CGImage? {
        guard let provider = CGDataProvider(data: Data(try pixels(.rgba8)) as CFData),
            let space = CGColorSpace(name: CGColorSpace.sRGB)
        else { return nil }
        return CGImage(
            width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 32, bytesPerRow: width * 4, space: space,
            bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.noneSkipLast.rawValue), provider: provider, decode: nil,
            shouldInterpolate: true, intent: .defaultIntent)
    }
    #endif
}

/// The pictures of one generation. It never changes; threads may share it.
public final class DiffusionResult: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        diffusion_result_destroy(pointer)
    }

    /// How many pictures there are.
    public var count: Int { Int(diffusion_result_count(pointer)) }

    /// One of them.
    public func image(_ index: Int = 0) throws -> DiffusionImage {
        var image: OpaquePointer?
        try check(diffusion_result_image(pointer, Int64(index), &image))
        return DiffusionImage(borrowed: image!, from: self)
    }

    /// The seed that was used, also where the request had none.
    public var seed: UInt64 { diffusion_result_seed(pointer) }

    /// What the pictures were decoded from, pictures by channels by height by width, a copy: for
    /// `DiffusionRequest.initLatents`, or to decode again.
    public func latents() throws -> DiffusionEmbedding {
        try made { diffusion_result_latents(pointer, $0) }
    }

    /// The settings with every default filled in, as a JSON object.
    public var settingsJSON: String { String(cString: diffusion_result_settings_json(pointer)) }

    /// Where the time went, as a JSON object in milliseconds.
    public var timingsJSON: String { String(cString: diffusion_result_timings_json(pointer)) }

    /// Sentences such as those about words that did not fit the text encoder.
    public var warnings: [String] {
        (0..<Int64(diffusion_result_warning_count(pointer))).map { String(cString: diffusion_result_warning(pointer, $0)) }
    }
}
