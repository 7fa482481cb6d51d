using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Kv.Grpc;

namespace Kv.Node.Tests.Grpc;

/// <summary>A URL in place of an authority is mended wherever the reads fall; all else passes as it came.</summary>
public sealed class AuthorityReaderTests
{
    // "http://127.0.0.1:2379" in Huffman's code, as etcd 3.4's client sends it.
    private static readonly byte[] CodedUrl = Convert.FromHexString("9d29aee30c0842e2e1e17de2a5c2c9cf");

    [Fact]
    public async Task A_plain_url_becomes_a_name_of_the_same_length()
    {
        byte[] mended = await PassAsync(Headers(Literal(1, Encoding.ASCII.GetBytes("http://a:1"), isCoded: false)));
        Assert.Contains("httpB--a:1", Encoding.ASCII.GetString(mended), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_coded_url_changes_in_its_first_bits_only()
    {
        byte[] sent = Headers([0x83, 0x86, .. Literal(1, CodedUrl, isCoded: true)]);
        byte[] mended = await PassAsync(sent);
        Assert.Equal(sent.Length, mended.Length);
        Assert.InRange(sent.Zip(mended).Count(pair => pair.First != pair.Second), 1, 4);
        Assert.Equal(sent[^10..], mended[^10..]);
    }

    [Fact]
    public async Task Another_authority_and_other_headers_pass_as_they_came()
    {
        byte[] sent = Headers(
        [
            .. Literal(1, Encoding.ASCII.GetBytes("a:1"), isCoded: false),
            .. Literal(4, Encoding.ASCII.GetBytes("http://a:1"), isCoded: false),
        ]);
        Assert.Equal(sent, await PassAsync(sent));
    }

    private static byte[] Literal(byte name, byte[] value, bool isCoded) =>
        [(byte)(0x40 | name), (byte)(value.Length | (isCoded ? 0x80 : 0)), .. value];

    private static byte[] Headers(byte[] block) =>
    [
        .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0,
        0, 0, (byte)block.Length, 1, 4, 0, 0, 0, 1, .. block,
    ];

    private static async Task<byte[]> PassAsync(byte[] sent)
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(sent, TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var reader = new AuthorityReader(pipe.Reader);
        ReadResult result = await reader.ReadAsync(TestContext.Current.CancellationToken);
        return result.Buffer.ToArray();
    }
}
