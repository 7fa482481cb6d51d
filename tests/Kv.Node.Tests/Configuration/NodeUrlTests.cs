using Kv.Server.Configuration;

namespace Kv.Node.Tests.Configuration;

public sealed class NodeUrlTests
{
    [Theory]
    [InlineData("http://localhost:2379")]
    [InlineData("https://127.0.0.1:0")]
    [InlineData("http://[::1]:2379")]
    [InlineData("http://a.b-c:65535")]
    [InlineData("unix://a/b.sock")]
    [InlineData("unixs://localhost:12345")]
    public void Is_written_as_it_was_read(string text)
    {
        Assert.True(NodeUrl.TryParse(text, out NodeUrl? url, out _));
        Assert.Equal(text, url.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost:2379")]
    [InlineData("ftp://a:1")]
    [InlineData("http://a")]
    [InlineData("http://a:")]
    [InlineData("http://a:b")]
    [InlineData("http://a:-1")]
    [InlineData("http://a:65536")]
    [InlineData("http://::1:1")]
    [InlineData("http://a:1/")]
    [InlineData("http://a:1?q")]
    [InlineData("http://user@a:1")]
    [InlineData("unix://")]
    public void Is_refused_with_a_reason(string text)
    {
        Assert.False(NodeUrl.TryParse(text, out _, out string? fault));
        Assert.Contains(text, fault);
    }

    [Theory]
    [InlineData("http://localhost:1", true)]
    [InlineData("http://0.0.0.0:1", true)]
    [InlineData("http://[::]:1", true)]
    [InlineData("unix://x", true)]
    [InlineData("http://example.com:1", false)]
    [InlineData("http://:1", false)]
    public void Only_an_address_can_be_bound(string text, bool canBeBound)
    {
        Assert.True(NodeUrl.TryParse(text, out NodeUrl? url, out _));
        Assert.Equal(canBeBound, url.CanBeBound);
    }
}
