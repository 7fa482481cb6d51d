using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Planning;

public sealed class RecoveryRequestTests
{
    [Theory]
    [InlineData("survivor=demo-2,confirm=u-1", "demo-2", "")]
    [InlineData(" confirm=u-1 , survivor = demo-2 ", "demo-2", "")]
    [InlineData("snapshot=daily-7,confirm=u-1", "", "daily-7")]
    public void Names_who_or_what_goes_on(string text, string survivor, string snapshot)
    {
        RecoveryRequest request = RecoveryRequest.Read(text, "u-1")!;

        Assert.Equal((null, survivor, snapshot), (request.Problem, request.Survivor, request.Snapshot));
    }

    [Theory]
    [InlineData("survivor=demo-2", "It is not confirmed: add confirm=u-1.")]
    [InlineData("survivor=demo-2,confirm=u-0", "It is confirmed for another object: the UID of this one is u-1.")]
    [InlineData("confirm=u-1", "It must name either a survivor or a snapshot: ")]
    [InlineData("survivor=a,snapshot=b,confirm=u-1", "It must name either a survivor or a snapshot: ")]
    [InlineData("survivor=a,survivor=b,confirm=u-1", "'survivor=b' is not understood: ")]
    [InlineData("survivor=,confirm=u-1", "'survivor=' is not understood: ")]
    [InlineData("yes", "'yes' is not understood: ")]
    [InlineData("=,=", "'=' is not understood: ")]
    public void Says_what_is_wrong_with_it(string text, string problem) =>
        Assert.StartsWith(problem, RecoveryRequest.Read(text, "u-1")!.Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    public void Nothing_asks_for_nothing(string? text) => Assert.Null(RecoveryRequest.Read(text, "u-1"));
}
