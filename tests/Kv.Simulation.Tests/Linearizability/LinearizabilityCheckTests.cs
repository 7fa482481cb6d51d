using System.Diagnostics;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Linearizability;

/// <summary>What the check lets pass and what it does not, by example; <see cref="TriedOrdersTests"/> does the
/// rest.</summary>
public sealed class LinearizabilityCheckTests
{
    private readonly History _history = new();

    [Fact]
    public void One_after_the_other_is_fine()
    {
        Put("a", "1", 10, 20, revision: 2);
        Get("a", 30, 40, revision: 2, new StoredValue("1", 2, 2, 1));
        Put("a", "2", 50, 60, revision: 3);
        Answered(Request.Delete("a"), 70, 80, Answer.OfDelete(4, deleted: 1));
        Get("a", 90, 100, revision: 4, found: null);

        Check();
    }

    [Fact]
    public void A_read_beside_a_write_may_see_it_or_not()
    {
        Put("a", "1", 10, 100, revision: 2);
        Get("a", 20, 30, revision: 1, found: null);
        Get("a", 40, 50, revision: 2, new StoredValue("1", 2, 2, 1));

        Check();
    }

    [Fact]
    public void A_stale_read_is_found()
    {
        Put("a", "1", 10, 20, revision: 2);
        Get("a", 30, 40, revision: 1, found: null);

        Check("what was called later stands before");
    }

    [Fact]
    public void A_serializable_read_may_be_stale_but_not_wrong()
    {
        Put("a", "1", 10, 20, revision: 2);
        Serializable("a", 30, 40, revision: 1, found: null);
        Check();

        Serializable("a", 50, 60, revision: 1, new StoredValue("1", 2, 2, 1));
        Check("the answer should be");
    }

    [Fact]
    public void A_serializable_read_may_not_see_the_future()
    {
        Serializable("a", 10, 20, revision: 2, new StoredValue("1", 2, 2, 1));
        Put("a", "1", 30, 40, revision: 2);

        Check("what was called later stands before");
    }

    [Fact]
    public void A_lost_write_is_found()
    {
        Put("a", "1", 10, 20, revision: 2);
        Put("a", "2", 30, 40, revision: 3);
        Get("a", 50, 60, revision: 3, new StoredValue("1", 2, 2, 1));

        Check("the answer should be 'revision 3, then: 2");
    }

    [Fact]
    public void A_write_whose_revision_went_to_another_is_found()
    {
        Put("a", "1", 10, 20, revision: 2);
        Put("b", "2", 15, 25, revision: 2);

        Check("two writes have one revision");
    }

    [Fact]
    public void Reordered_writes_are_found()
    {
        Put("a", "1", 10, 20, revision: 3);
        Put("a", "2", 30, 40, revision: 2);

        Check("what was called later stands before");
    }

    [Fact]
    public void A_write_applied_twice_is_found()
    {
        Put("a", "1", 10, 20, revision: 2);
        Get("a", 30, 40, revision: 3, new StoredValue("1", 2, 3, 2));

        Check("at revision 3, nothing that may have happened explains it");
    }

    [Fact]
    public void A_write_without_an_answer_may_happen_once_but_not_twice()
    {
        Unanswered(Request.Put("a", "1"), 10);
        Get("a", 30, 40, revision: 2, new StoredValue("1", 2, 2, 1));
        Check();

        Get("a", 50, 60, revision: 3, new StoredValue("1", 2, 3, 2));
        Check("at revision 3, nothing that may have happened explains it");
    }

    [Fact]
    public void A_write_without_an_answer_may_happen_late_or_never()
    {
        Unanswered(Request.Put("a", "1"), 10);
        Unanswered(Request.Put("a", "2"), 11);
        Get("a", 30, 40, revision: 1, found: null);
        Put("a", "3", 50, 60, revision: 2);
        Get("a", 70, 80, revision: 3, new StoredValue("1", 2, 3, 2));

        Check();
    }

    [Fact]
    public void A_write_does_not_happen_before_it_is_called()
    {
        Get("a", 10, 20, revision: 2, new StoredValue("1", 2, 2, 1));
        Unanswered(Request.Put("a", "1"), 30);

        Check("at revision 2, nothing that may have happened explains it");
    }

    [Fact]
    public void A_value_that_nobody_put_is_found()
    {
        Unanswered(Request.Put("a", "1"), 10);
        Get("a", 30, 40, revision: 2, new StoredValue("phantom", 2, 2, 1));

        Check("at revision 2, nothing that may have happened explains it");
    }

    [Fact]
    public void What_a_refused_transaction_would_have_put_may_not_be_read()
    {
        Put("a", "1", 10, 20, revision: 2);
        Answered(
            new Request([new Step.Put("a", "2")]) { If = [Condition.HasValue("a", "other")] },
            30,
            40,
            new Answer(2, Succeeded: false, []));
        Get("a", 50, 60, revision: 2, new StoredValue("1", 2, 2, 1));
        Check();

        Get("a", 70, 80, revision: 3, new StoredValue("2", 2, 3, 2));
        Check("at revision 3, nothing that may have happened explains it");
    }

    [Fact]
    public void What_was_refused_may_not_be_read()
    {
        Operation refused = _history.Call(1, Request.Put("a", "1"), 10);
        _history.Refuse(refused, 20);
        Get("a", 30, 40, revision: 2, new StoredValue("1", 2, 2, 1));

        Check("at revision 2, nothing that may have happened explains it");
    }

    [Fact]
    public void Revisions_that_go_back_are_found()
    {
        Put("a", "1", 10, 20, revision: 2);
        Put("a", "2", 30, 40, revision: 3);
        Get("b", 50, 60, revision: 3, found: null);
        Get("b", 70, 80, revision: 2, found: null);

        Check("what was called later stands before");
    }

    [Fact]
    public void A_transaction_is_one_revision_and_sees_its_own_changes()
    {
        Answered(
            new Request([new Step.Put("a", "1"), new Step.Put("b", "2"), new Step.Get("a")]),
            10,
            20,
            new Answer(2, Succeeded: true, [default, default, new StepAnswer(new StoredValue("1", 2, 2, 1))]));
        Get("b", 30, 40, revision: 2, new StoredValue("2", 2, 2, 1));
        Check();

        Get("a", 50, 60, revision: 2, found: null);
        Check("the answer should be");
    }

    [Fact]
    public void The_past_stays_as_it_was()
    {
        Put("a", "1", 10, 20, revision: 2);
        Put("a", "2", 30, 40, revision: 3);
        Answered(Request.GetAt("a", 2), 50, 60, Answer.OfGet(3, new StoredValue("1", 2, 2, 1)));
        Check();

        Answered(Request.GetAt("a", 2), 70, 80, Answer.OfGet(3, new StoredValue("2", 2, 3, 2)));
        Check("at revision 2, then it was '1");
    }

    [Fact]
    public void What_a_watcher_saw_must_be_what_happened()
    {
        Put("a", "1", 10, 20, revision: 2);
        Unanswered(Request.Put("b", "2"), 30);
        Unanswered(Request.Put("b", "3"), 35);
        _history.Observe(2, [new ObservedChange("a", new StoredValue("1", 2, 2, 1))], 25);
        _history.Observe(3, [new ObservedChange("b", new StoredValue("2", 3, 3, 1))], 50);
        Check();

        _history.Observe(4, [new ObservedChange("b", new StoredValue("2", 3, 4, 2))], 60);
        Check("in which was seen: b=2");
    }

    [Fact]
    public void The_keys_of_a_lease_are_gone_when_its_end_was_acknowledged()
    {
        Answered(Request.Put("a", "1", lease: 5), 10, 20, Answer.OfPut(2));
        Unanswered(Request.EndLease(5), 30);
        _history.EndLease(5, revision: 3, 40);
        Get("a", 50, 60, revision: 3, found: null);
        Check();

        Answered(Request.Put("a", "2", lease: 5), 70, 80, Answer.OfPut(4));
        _history.EndLease(5, revision: 4, 90);
        Check("at revision 4, EndedLease { Lease = 5");
    }

    [Fact]
    public void A_choice_that_turns_out_wrong_is_taken_back()
    {
        // The delete has to be at 3 and the second put at 4, though other requests would do for either at first.
        Put("a", "1", 10, 20, revision: 2);
        Unanswered(Request.Delete("a"), 30);
        Unanswered(Request.Put("a", "2"), 31);
        for (int other = 0; other < 6; other++)
            Unanswered(Request.Put("b", $"b{other}"), 32);
        Put("c", "1", 50, 60, revision: 5);
        Get("a", 70, 80, revision: 5, new StoredValue("2", 4, 4, 1));
        Get("b", 70, 80, revision: 5, found: null);

        Check();
    }

    [Fact]
    public void Twenty_thousand_operations_are_checked_in_a_second_or_so()
    {
        History history = RandomHistory.MakeSound(new Random(1), operations: 20_000, clients: 20, keys: 50);
        var fastest = TimeSpan.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            long start = Stopwatch.GetTimestamp();
            Verdict verdict = LinearizabilityCheck.Run(history);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            Assert.True(verdict.IsLinearizable, verdict.Finding);
            fastest = took < fastest ? took : fastest;
        }

        Assert.True(fastest < TimeSpan.FromSeconds(3), $"It took {fastest.TotalMilliseconds} ms.");
    }

    private void Put(string key, string value, long called, long returned, long revision) =>
        Answered(Request.Put(key, value), called, returned, Answer.OfPut(revision));

    private void Get(string key, long called, long returned, long revision, StoredValue? found) =>
        Answered(Request.Get(key), called, returned, Answer.OfGet(revision, found));

    private void Serializable(string key, long called, long returned, long revision, StoredValue? found) =>
        _history.Return(
            _history.Call(1, Request.Get(key), called, isSerializable: true), Answer.OfGet(revision, found), returned);

    private void Answered(Request request, long called, long returned, Answer answer) =>
        _history.Return(_history.Call(1, request, called), answer, returned);

    private void Unanswered(Request request, long called) => _history.Call(2, request, called);

    private void Check(string finding = "")
    {
        Verdict verdict = LinearizabilityCheck.Run(_history);
        Assert.Equal(finding.Length == 0 ? VerdictKind.Linearizable : VerdictKind.Violated, verdict.Kind);
        Assert.Contains(finding, verdict.Finding, StringComparison.Ordinal);
    }
}
