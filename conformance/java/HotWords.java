// Hot-word lists with the official Java client, of both generations.
//
//   MYNAH_URL=... DASHSCOPE_API_KEY=... MYNAH_OTHER_KEY=... java -cp ... HotWords.java a.wav
//
// Everything is made, listed, queried, replaced, used in a live recognition and deleted; a list of
// one key does not exist for the other. Ends with status 1 at the first surprise, and prints what
// Main.java prints of the recognition.

import com.alibaba.dashscope.audio.asr.phrase.AsrPhraseManager;
import com.alibaba.dashscope.audio.asr.phrase.AsrPhraseParam;
import com.alibaba.dashscope.audio.asr.phrase.AsrPhraseStatusResult;
import com.alibaba.dashscope.audio.asr.recognition.Recognition;
import com.alibaba.dashscope.audio.asr.recognition.RecognitionParam;
import com.alibaba.dashscope.audio.asr.vocabulary.Vocabulary;
import com.alibaba.dashscope.audio.asr.vocabulary.VocabularyService;
import com.alibaba.dashscope.exception.ApiException;
import com.alibaba.dashscope.utils.Constants;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.File;
import java.util.Map;
import java.util.concurrent.Callable;

public class HotWords {
    static final String KEY = System.getenv("DASHSCOPE_API_KEY");
    static final String OTHER_KEY = System.getenv("MYNAH_OTHER_KEY");
    static final String UNKNOWN = "The Required resource not exist.";
    static final String V2 = "paraformer-realtime-v2";
    static final String V1 = "paraformer-realtime-v1";

    public static void main(String[] args) {
        String url = System.getenv("MYNAH_URL");
        Constants.baseWebsocketApiUrl = url;
        Constants.baseHttpApiUrl = url.replaceFirst("^ws", "http").split("/api-ws/")[0] + "/api/v1";
        Constants.apiKey = KEY;
        int status = 0;
        try {
            phrases(new File(args[0]));
            vocabularies(new File(args[0]));
        } catch (Throwable e) {
            e.printStackTrace();
            status = 1;
        }
        System.exit(status);
    }

    static void vocabularies(File audio) throws Exception {
        VocabularyService service = new VocabularyService(KEY);
        String id = service.createVocabulary(V2, "java", words("workhouse")).getVocabularyId();
        Vocabulary found = service.queryVocabulary(id);
        expect(V2, found.getTargetModel());
        expect("OK", found.getStatus());
        expect(words("workhouse"), found.getVocabulary());
        Vocabulary[] lists = service.listVocabulary("java");
        expect(1, lists.length);
        expect(id, lists[0].getVocabularyId());
        expect(0, service.listVocabulary("java", 1, 10).length);
        service.updateVocabulary(id, words("silly"));
        expect(words("silly"), service.queryVocabulary(id).getVocabulary());
        expect(false, service.getLastRequestId().isEmpty());

        VocabularyService foreign = new VocabularyService(OTHER_KEY);
        refused(() -> foreign.queryVocabulary(id));
        refused(() -> service.queryVocabulary("vocab-java-0000"));
        recognize(audio, V2, id, null);
        service.deleteVocabulary(id);
        refused(() -> service.queryVocabulary(id));
    }

    static void phrases(File audio) throws Exception {
        AsrPhraseParam param = AsrPhraseParam.builder()
                .apiKey(KEY)
                .model(V1)
                .phraseList(Map.of("workhouse", 5, "silly", -2))
                .build();
        AsrPhraseStatusResult made = AsrPhraseManager.CreatePhrases(param);
        expect("SUCCEEDED", made.getOutput().getStatus());
        String id = made.getOutput().getFineTunedOutput();
        AsrPhraseStatusResult changed = AsrPhraseManager.UpdatePhrases(param, id);
        expect(id, changed.getOutput().getFineTunedOutput());
        expect(V1, AsrPhraseManager.QueryPhrase(param, id).getOutput().getModel());
        AsrPhraseStatusResult lists = AsrPhraseManager.ListPhrases(param);
        expect(1, lists.getOutput().getFinetunedOutputs().size());
        AsrPhraseParam foreign = AsrPhraseParam.builder().apiKey(OTHER_KEY).model(V1).build();
        refused(() -> AsrPhraseManager.QueryPhrase(foreign, id));
        recognize(audio, V1, null, id);
        AsrPhraseManager.DeletePhrase(param, id);
        refused(() -> AsrPhraseManager.QueryPhrase(param, id));
    }

    static void recognize(File audio, String model, String vocabulary, String phrases) {
        Recognition recognizer = new Recognition();
        RecognitionParam param = RecognitionParam.builder()
                .model(model)
                .apiKey(KEY)
                .format("wav")
                .sampleRate(16000)
                .vocabularyId(vocabulary)
                .phraseId(phrases)
                .build();
        try {
            String result = recognizer.call(param, audio);
            // The model of the phrases hears Chinese only; the recording is English.
            if (vocabulary != null) {
                System.out.println("Recognition result: " + result);
                System.out.println("[Metric] requestId: " + recognizer.getLastRequestId()
                        + ", first package delay ms: " + recognizer.getFirstPackageDelay()
                        + ", last package delay ms: " + recognizer.getLastPackageDelay());
            }
        } finally {
            recognizer.getDuplexApi().close(1000, "bye");
        }
    }

    static JsonArray words(String text) {
        JsonObject word = new JsonObject();
        word.addProperty("text", text);
        word.addProperty("weight", 4);
        JsonArray words = new JsonArray();
        words.add(word);
        return words;
    }

    static void expect(Object expected, Object got) {
        if (!expected.equals(got)) {
            throw new AssertionError("expected " + expected + ", got " + got);
        }
    }

    static void refused(Callable<?> call) throws Exception {
        try {
            throw new AssertionError("not refused, but " + call.call());
        } catch (ApiException e) {
            expect(400, e.getStatus().getStatusCode());
            expect("BadRequest.ResourceNotExist", e.getStatus().getCode());
            expect(UNKNOWN, e.getStatus().getMessage());
        }
    }
}
