import { useSignal } from "@preact/signals";
import { allowNotifications } from "../app/notifications.ts";
import { type Appearance, appearance, notificationText, notifies } from "../app/preferences.ts";
import { chooseLanguage, explain, LANGUAGES, type Language, language, t } from "../language/language.ts";
import { openPicture } from "../pictures/crop-picture.ts";
import { Avatar } from "./avatar.tsx";
import { useChat } from "./chat-context.ts";
import { CropView } from "./crop.tsx";
import { Dialog } from "./dialog.tsx";

/** The user's own name and picture, and what this device remembers. */
export function SettingsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t.value.settings} onClose={onClose}>
      <PictureSetting />
      <NameSetting />
      <label>
        {t.value.languageLabel}
        <select
          value={language.value}
          onChange={({ currentTarget }) => void chooseLanguage(currentTarget.value as Language)}
        >
          {Object.entries(LANGUAGES).map(([tag, { name }]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.value.appearance}
        <select
          value={appearance.value}
          onChange={({ currentTarget }) => {
            appearance.value = currentTarget.value as Appearance;
          }}
        >
          {Object.entries(t.value.appearances).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <NotificationSetting />
      <SignOut />
    </Dialog>
  );
}

function PictureSetting() {
  const { client, me } = useChat();
  const chosen = useSignal<ImageBitmap | undefined>(undefined);
  const problem = useSignal<unknown>(undefined);
  const set = async (image: Uint8Array<ArrayBuffer> | null) => {
    try {
      await client.setAvatar(image);
      problem.value = undefined;
    } catch (error) {
      problem.value = error;
    }
  };
  const choose = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      chosen.value = await openPicture(file);
      problem.value = undefined;
    } catch (error) {
      problem.value = error;
    }
  };
  if (chosen.value !== undefined)
    return (
      <CropView
        picture={chosen.value}
        onDone={async (image) => {
          chosen.value = undefined;
          if (image !== undefined) await set(image);
        }}
      />
    );
  return (
    <fieldset class="picture-setting">
      <legend>{t.value.picture}</legend>
      <Avatar profile={me.value} size="large" />
      <label class="button">
        {t.value.choosePicture}
        <input
          class="hidden"
          type="file"
          accept="image/*"
          onChange={({ currentTarget }) => {
            void choose(currentTarget.files?.[0]);
            // So that the same file can be chosen again.
            currentTarget.value = "";
          }}
        />
      </label>
      {me.value.avatar !== null && (
        <button type="button" onClick={() => void set(null)}>
          {t.value.removePicture}
        </button>
      )}
      {problem.value !== undefined && <p role="alert">{explain(problem.value)}</p>}
    </fieldset>
  );
}

function NameSetting() {
  const { client, me, username } = useChat();
  const { displayName } = me.value;
  const name = useSignal(displayName === username ? "" : displayName);
  const outcome = useSignal<unknown>(undefined);
  const isSaved = useSignal(false);
  const save = async () => {
    isSaved.value = false;
    try {
      await client.setProfile({ displayName: name.value.trim() === "" ? null : name.value });
      outcome.value = undefined;
      isSaved.value = true;
    } catch (error) {
      outcome.value = error;
    }
  };
  return (
    <form
      class="name-setting"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label>
        {t.value.displayName}
        <input
          value={name.value}
          dir="auto"
          placeholder={username}
          aria-description={t.value.displayNameHint}
          onInput={({ currentTarget }) => {
            name.value = currentTarget.value;
            isSaved.value = false;
          }}
        />
      </label>
      <button type="submit">{t.value.save}</button>
      <small>{t.value.displayNameHint}</small>
      <span role="status">{isSaved.value ? t.value.saved : ""}</span>
      {outcome.value !== undefined && <p role="alert">{explain(outcome.value)}</p>}
    </form>
  );
}

function NotificationSetting() {
  const isDenied = useSignal(false);
  const turn = async (isOn: boolean) => {
    const isAllowed = isOn && (await allowNotifications());
    isDenied.value = isOn && !isAllowed;
    notifies.value = isAllowed ? "on" : "off";
  };
  return (
    <fieldset>
      <legend>{t.value.notifications}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={notifies.value === "on"}
          onChange={({ currentTarget }) => void turn(currentTarget.checked)}
        />
        {t.value.notificationsHint}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={notificationText.value === "on"}
          disabled={notifies.value === "off"}
          onChange={({ currentTarget }) => {
            notificationText.value = currentTarget.checked ? "on" : "off";
          }}
        />
        {t.value.notificationText}
      </label>
      {isDenied.value && <p role="alert">{t.value.notificationsDenied}</p>}
    </fieldset>
  );
}

function SignOut() {
  const { client, signOut } = useChat();
  const { unsent } = client;
  const problem = useSignal<unknown>(undefined);
  const everywhere = async () => {
    try {
      await client.signOutEverywhere();
      await signOut();
    } catch (error) {
      problem.value = error;
    }
  };
  return (
    <div class="sign-out">
      {unsent > 0 && <p>{t.value.unsentOnSignOut(unsent)}</p>}
      <button type="button" onClick={() => void signOut()}>
        {t.value.signOut}
      </button>
      <button type="button" class="danger" onClick={() => void everywhere()}>
        {t.value.signOutEverywhere}
      </button>
      <small>{t.value.signOutEverywhereLead}</small>
      {problem.value !== undefined && <p role="alert">{explain(problem.value)}</p>}
    </div>
  );
}
