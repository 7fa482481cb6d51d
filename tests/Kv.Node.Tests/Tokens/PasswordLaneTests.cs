using System.Text;
using Grpc.Core;
using Kv.Node.Tests.Calls;
using Kv.Server.Tokens;

namespace Kv.Node.Tests.Tokens;

public sealed class PasswordLaneTests
{
    private const int Cost = 4;

    [Theory]
    [InlineData("secret")]
    [InlineData("")]
    [InlineData("pässwörd\u0000with a zero")]
    public async Task A_password_is_told_from_others_by_its_hash(string password)
    {
        using var lane = new PasswordLane(Cost);
        string hash = Hash(await lane.HashAsync(password, default));
        Assert.StartsWith($"$2a$0{Cost}$", hash);
        Assert.True(await lane.IsRightAsync(password, hash, default));
        Assert.False(await lane.IsRightAsync(password + "x", hash, default));
        Assert.False(await lane.IsRightAsync(password, null, default));
        Assert.NotEqual(hash, Hash(await lane.HashAsync(password, default)));
    }

    /// <summary>bcrypt looks at 72 bytes. As with etcd, longer ones are not hashed, but what begins with them is
    /// right.</summary>
    [Fact]
    public async Task Passwords_have_an_end()
    {
        using var lane = new PasswordLane(Cost);
        string longest = new('x', 72);
        string hash = Hash(await lane.HashAsync(longest, default));
        Assert.True(await lane.IsRightAsync(longest, hash, default));
        Assert.True(await lane.IsRightAsync(longest + "y", hash, default));
        Assert.False(await lane.IsRightAsync(longest[1..], hash, default));
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() => lane.HashAsync(longest + "y", default));
        Assert.Equal("bcrypt: password length exceeds 72 bytes", thrown.Status.Detail);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hash")]
    [InlineData("$2a$10$short")]
    [InlineData("$9z$04$......................................................")]
    public async Task What_is_no_hash_fits_no_password(string hash)
    {
        using var lane = new PasswordLane(Cost);
        Assert.False(await lane.IsRightAsync("secret", hash, default));
        Assert.False(await lane.IsRightAsync("", hash, default));
    }

    [Fact]
    public async Task Who_comes_when_too_many_wait_is_refused_and_the_others_are_not()
    {
        using var lane = new PasswordLane(cost: 8, threads: 1, waitingPerThread: 3);
        var answers = new List<Task<string>>();
        RpcException? refused = null;
        for (int index = 0; index < 1000 && refused is null; index++)
        {
            try
            {
                answers.Add(lane.HashAsync("secret", default));
            }
            catch (RpcException thrown)
            {
                refused = thrown;
            }
        }

        Assert.Equal("etcdserver: too many requests", refused?.Status.Detail);
        foreach (string hash in await Task.WhenAll(answers).WaitAsync(Eventually.Deadline))
            Assert.StartsWith("$2a$08$", Hash(hash));
        Assert.NotEmpty(await lane.HashAsync("secret", default).WaitAsync(Eventually.Deadline));
    }

    /// <summary>Or else who gives up and tries again, over and over, has all of that work done.</summary>
    [Fact]
    public async Task Nobody_works_for_who_has_gone()
    {
        using var gone = new CancellationTokenSource();
        using var lane = new PasswordLane(cost: 12, threads: 1, waitingPerThread: 64);
        Task<string> first = lane.HashAsync("secret", default);
        Task<string>[] others = [.. Enumerable.Range(0, 60).Select(_ => lane.HashAsync("secret", gone.Token))];
        await gone.CancelAsync();
        Assert.NotEmpty(await first.WaitAsync(Eventually.Deadline));
        foreach (Task<string> other in others[1..])
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other.WaitAsync(Eventually.Deadline));
    }

    private static string Hash(string logged) => Encoding.ASCII.GetString(Convert.FromBase64String(logged));
}
