using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Kv.Operator.Tests.Pages;

/// <summary>A picture in the PNG format, read as far as to know that something is on it.</summary>
internal static class Picture
{
    private const int SignatureBytes = 8;
    private const int ChannelsOfColourAndAlpha = 6;

    /// <summary>Width, height, and how many of its lines differ: one in a picture of one colour.</summary>
    public static (int Width, int Height, int Lines) Read(byte[] png)
    {
        Assert.Equal("PNG", Encoding.ASCII.GetString(png, 1, 3));
        (int width, int height, int depth, int kind) = (0, 0, 0, 0);
        var packed = new MemoryStream();
        for (int offset = SignatureBytes; offset < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(offset));
            string name = Encoding.ASCII.GetString(png, offset + 4, 4);
            ReadOnlySpan<byte> content = png.AsSpan(offset + 8, length);
            if (name == "IHDR")
            {
                width = BinaryPrimitives.ReadInt32BigEndian(content);
                height = BinaryPrimitives.ReadInt32BigEndian(content[4..]);
                (depth, kind) = (content[8], content[9]);
            }
            else if (name == "IDAT")
            {
                packed.Write(content);
            }

            offset += length + 12;
        }

        packed.Position = 0;
        using var pixels = new ZLibStream(packed, CompressionMode.Decompress);
        byte[] line = new byte[1 + (width * (depth / 8) * (kind == ChannelsOfColourAndAlpha ? 4 : 3))];
        var lines = new HashSet<string>();
        for (int row = 0; row < height; row++)
        {
            pixels.ReadExactly(line);
            lines.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(line)));
        }

        return (width, height, lines.Count);
    }
}
